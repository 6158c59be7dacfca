import { choice } from '../../ui/choice.ts'
import { find, make } from '../../ui/dom.ts'
import { inLanguage } from '../../ui/language.ts'
import { themeButton } from '../../ui/theme.ts'
import { api } from './api.ts'
import { leave } from './poll.ts'
import { AGES, type View } from './view.ts'
import { say } from './words.ts'

/** Filters of all lists, search, theme and log-out. `show` writes what is chosen into them. */
export function header(
  callers: readonly string[],
  hasTimeline: boolean,
  onChange: (change: Partial<View>) => void,
): { show: (view: View) => void } {
  const caller = choice({
    name: 'caller',
    all: callers,
    sayName: () => say('caller'),
    sayAny: () => say('allCallers'),
    sayOne: (one) => one,
  })
  const age = choice({
    name: 'age',
    all: AGES,
    sayName: () => say('age'),
    sayAny: () => say('anyAge'),
    sayOne: (one) => say(one),
  })
  caller.addEventListener('change', () => {
    onChange({ caller: caller.value })
  })
  age.addEventListener('change', () => {
    onChange({ age: age.value })
  })
  const search = make('input', {
    attributes: {
      type: 'search',
      name: 'conversation',
      dir: 'ltr',
      autocomplete: 'off',
      spellcheck: 'false',
      maxlength: '128',
    },
  })
  inLanguage(search, () => {
    search.setAttribute('aria-label', say('search'))
    search.placeholder = say('searchShort')
  })
  const form = make('form', { class: 'search', attributes: { role: 'search' } }, search)
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const conversation = search.value.trim()
    onChange({ conversation, open: '', ...(conversation !== '' && { tab: 'conversations' as const }) })
  })
  // The cross in the field, or an empty one.
  search.addEventListener('search', () => {
    if (search.value === '') onChange({ conversation: '' })
  })
  document.addEventListener('keydown', (event) => {
    if (!isSlash(event) || isTyping(event.target) || document.querySelector('dialog[open]') !== null) return
    event.preventDefault()
    search.focus()
    search.select()
  })
  form.hidden = !hasTimeline
  find('data-header-filters').append(caller, age, form)
  find('data-theme').replaceWith(themeButton())
  find('data-log-out').addEventListener('click', () => {
    api.logOut().then(() => {
      location.replace('/console')
    }, leave)
  })
  return {
    show: (view) => {
      // What the list of this tab has no such filter for.
      caller.disabled = view.tab === 'events' || view.tab === 'conversations'
      age.disabled = view.tab === 'subscriptions' || view.tab === 'conversations'
      caller.value = view.caller
      age.value = view.age
      if (document.activeElement !== search) search.value = view.conversation
    },
  }
}

/** By the key's place too: Persian layouts have other characters there. */
function isSlash({ key, code, shiftKey, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
  return (key === '/' || (code === 'Slash' && !shiftKey)) && !ctrlKey && !metaKey && !altKey
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input, textarea, select')
}
