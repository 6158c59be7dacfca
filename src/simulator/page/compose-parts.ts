import { make } from '../../ui/dom.ts'
import { inLanguage, textOf, type Text } from '../../ui/language.ts'
import { worded } from '../../ui/worded.ts'

type Option<Value extends string> = { value: Value; text: () => string }

/** A switch with a visible label. `attribute` names each button's value. */
export function labelledSwitch<Value extends string>(
  label: Text,
  attribute: string,
  options: readonly Option<Value>[],
  onChoose: (value: Value) => void,
) {
  const title = worded('span', label, { class: 'soft' })
  title.id = `switch-${attribute}`
  const buttons = options.map(({ value, text }) => {
    const click = () => {
      onChoose(value)
    }
    const button = make('button', { attributes: { type: 'button', [attribute]: value }, on: { click } })
    inLanguage(button, () => {
      button.textContent = text()
    })
    return { value, button }
  })
  const group = make(
    'div',
    { class: 'switch', attributes: { role: 'group', 'aria-labelledby': title.id } },
    ...buttons.map(({ button }) => button),
  )
  return {
    element: make('div', { class: 'labelled' }, title, group),
    show: (value: Value) => {
      for (const one of buttons) one.button.setAttribute('aria-pressed', String(one.value === value))
    },
  }
}

type Control = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement

/** A control with its label above, and below it what is wrong with its value, or a hint. */
export function field(label: Text, control: Control, hint?: Text) {
  const id = `field-${crypto.randomUUID()}`
  control.id = id
  const title = worded('label', label, { attributes: { for: id } })
  const help = make('p', { class: 'soft', attributes: { id: `${id}-help` } })
  const error = make('p', {
    class: 'field-error',
    attributes: { id: `${id}-error`, hidden: '', 'data-field-error': '' },
  })
  control.setAttribute('aria-describedby', hint ? `${id}-help ${id}-error` : `${id}-error`)
  if (hint) {
    inLanguage(help, () => {
      help.textContent = textOf(hint)
    })
  }
  return {
    element: make('div', { class: 'field' }, title, control, ...(hint ? [help] : []), error),
    control,
    showError: (text: string | undefined) => {
      error.hidden = text === undefined
      error.replaceChildren(...(text === undefined ? [] : [make('bdi', { text })]))
      control.toggleAttribute('aria-invalid', text !== undefined)
      if (text !== undefined) control.setAttribute('aria-invalid', 'true')
    },
  }
}

/** A small button with a text. */
export function quietButton(text: Text, attribute: string, act: () => void): HTMLButtonElement {
  const button = worded('button', text, { class: 'quiet', attributes: { type: 'button', [attribute]: '' } })
  button.addEventListener('click', act)
  return button
}
