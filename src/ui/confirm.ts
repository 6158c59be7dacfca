import { make } from './dom.ts'
import { textOf, type Text } from './language.ts'

/** Asks before something that cannot be undone. Resolves to false for Cancel and for Escape. */
export function confirmAct(question: Text, act: Text, cancel: Text): Promise<boolean> {
  const id = `question-${crypto.randomUUID()}`
  const yes = make('button', { class: 'primary', text: textOf(act), attributes: { value: 'yes', 'data-confirm': '' } })
  const no = make('button', { class: 'quiet', text: textOf(cancel), attributes: { value: '', autofocus: '' } })
  const dialog = make(
    'dialog',
    { class: 'card', attributes: { 'aria-labelledby': id } },
    make(
      'form',
      { attributes: { method: 'dialog' } },
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
