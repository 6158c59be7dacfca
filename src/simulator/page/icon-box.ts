import { make } from '../../ui/dom.ts'
import { inLanguage, numberText, textOf } from '../../ui/language.ts'
import { fill, TEXT } from './compose-words.ts'
import { icon } from './icons.ts'

const MAX_SHOWN = 60

/** A text field that searches the platform's icons: arrow keys, Enter and Escape in the list, any other name is kept as it is written. */
export function iconBox(names: readonly string[], value: string, onChange: (name: string) => void) {
  const listId = `icons-${crypto.randomUUID()}`
  const input = make('input', {
    attributes: {
      role: 'combobox',
      'aria-autocomplete': 'list',
      'aria-expanded': 'false',
      'aria-controls': listId,
      autocomplete: 'off',
      spellcheck: 'false',
      dir: 'ltr',
      maxlength: '128',
      'data-icon': '',
    },
  })
  input.value = value
  const drawn = make('span', { class: 'chosen-icon', attributes: { 'aria-hidden': 'true' } })
  const list = make('ul', { class: 'options', attributes: { role: 'listbox', id: listId, hidden: '' } })
  const note = make('p', { class: 'soft', attributes: { role: 'status' } })
  let found: string[] = []
  let active = -1

  const drawNote = () => {
    const isOpen = !list.hidden
    const unknown = input.value !== '' && names.length > 0 && !names.includes(input.value)
    note.textContent = isOpen
      ? textOf(fill(TEXT.iconsFound, { count: numberText(found.length) }))
      : unknown
        ? textOf(TEXT.iconUnknown)
        : ''
    drawn.replaceChildren(...(input.value === '' ? [] : [icon(input.value)]))
  }
  inLanguage(note, () => {
    drawNote()
    input.placeholder = textOf(TEXT.iconHelp)
    list.setAttribute('aria-label', textOf(TEXT.icon))
  })
  const close = () => {
    list.hidden = true
    active = -1
    input.setAttribute('aria-expanded', 'false')
    input.removeAttribute('aria-activedescendant')
    drawNote()
  }
  const choose = (name: string) => {
    input.value = name
    onChange(name)
    close()
  }
  const activate = (index: number) => {
    const options = [...list.children]
    active = options.length === 0 ? -1 : (index + options.length) % options.length
    for (const [at, option] of options.entries()) option.setAttribute('aria-selected', String(at === active))
    const chosen = options[active]
    if (chosen === undefined) return
    input.setAttribute('aria-activedescendant', chosen.id)
    chosen.scrollIntoView({ block: 'nearest' })
  }
  const open = () => {
    const wanted = input.value
      .trim()
      .toUpperCase()
      .replaceAll(/[\s-]+/g, '_')
    found = names.filter((name) => name.includes(wanted))
    list.replaceChildren(...found.slice(0, MAX_SHOWN).map((name, index) => option(name, `${listId}-${index}`, choose)))
    active = -1
    list.hidden = found.length === 0
    input.setAttribute('aria-expanded', String(!list.hidden))
    input.removeAttribute('aria-activedescendant')
    drawNote()
  }
  input.addEventListener('input', () => {
    onChange(input.value)
    open()
  })
  input.addEventListener('blur', close)
  input.addEventListener('click', open)
  input.addEventListener('keydown', (event) => {
    const name = found[active]
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault()
      const step = event.key === 'ArrowDown' ? 1 : -1
      if (list.hidden) open()
      activate(active === -1 && step === -1 ? -1 : active + step)
    } else if (event.key === 'Enter' && !list.hidden && name !== undefined && !event.ctrlKey && !event.metaKey) {
      event.preventDefault()
      choose(name)
    } else if (event.key === 'Escape' && !list.hidden) {
      event.preventDefault()
      close()
    }
  })
  return { input, extras: [drawn, list, note] }
}

function option(name: string, id: string, choose: (name: string) => void): HTMLElement {
  const element = make(
    'li',
    { attributes: { role: 'option', id, 'aria-selected': 'false', dir: 'ltr' } },
    icon(name),
    make('span', { text: name }),
  )
  // Before the field loses the focus, and with it the list.
  element.addEventListener('pointerdown', (event) => {
    event.preventDefault()
    choose(name)
  })
  return element
}
