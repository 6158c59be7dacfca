import { make } from './dom.ts'
import { textOf, type Text } from './language.ts'

/**
 * Asks before something that cannot be undone. Resolves to false for Cancel and for Escape.
 * @param title a question, where `question` only says what will happen
 */
export function confirmAct(question: Text, act: Text, cancel: Text, title?: Text): Promise<boolean> {
  const id = `question-${crypto.randomUUID()}`
  const yes = make('button', { class: 'primary', text: textOf(act), attributes: { value: 'yes', 'data-confirm': '' } })
  const no = make('button', { class: 'quiet', text: textOf(cancel), attributes: { value: '', autofocus: '' } })
  const dialog = make(
    'dialog',
    {
      class: 'card',
      attributes:
        title === undefined ? { 'aria-labelledby': id } : { 'aria-label': textOf(title), 'aria-describedby': id },
    },
    make(
      'form',
      { attributes: { method: 'dialog' } },
      ...(title === undefined ? [] : [make('h2', { text: textOf(title) })]),
      make('p', { text: textOf(question), attributes: { id } }),
      make('div', { class: 'row' }, no, yes),
    ),
  )
  document.body.append(dialog)
  dialog.showModal()
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove()
      resolve(dialog.returnValue === 'yes')
    })
  })
}
