import { make, announce } from './dom.ts'
import { inLanguage, textOf, type Text } from './language.ts'

const COPIED_MS = 2000
const COPIED: Text = { fa: 'کپی شد', en: 'Copied' }
const NOT_COPIED: Text = { fa: 'مرورگر اجازهٔ کپی نداد', en: 'The browser did not allow copying' }

/** A button that copies a text; it says for two seconds that it did. */
export function copyButton(
  label: Text,
  textToCopy: () => string | Promise<string>,
  attributes: Record<string, string> = {},
): HTMLElement {
  const button = make('button', { class: 'quiet', attributes: { type: 'button', ...attributes } })
  const draw = () => {
    button.textContent = textOf(label)
  }
  inLanguage(button, draw)
  button.addEventListener('click', () => {
    copy(textToCopy).then(
      () => {
        button.textContent = textOf(COPIED)
        announce(textOf(COPIED))
        setTimeout(draw, COPIED_MS)
      },
      () => {
        announce(textOf(NOT_COPIED))
      },
    )
  })
  return button
}

async function copy(textToCopy: () => string | Promise<string>): Promise<void> {
  await navigator.clipboard.writeText(await textToCopy())
}
