import { make, messageOf } from '../../ui/dom.ts'
import { inLanguage } from '../../ui/language.ts'
import { worded } from '../../ui/worded.ts'
import type { ComposePanel } from './compose.ts'
import { quietButton } from './compose-parts.ts'
import { TEXT } from './compose-words.ts'
import { noteText } from './notes.ts'

/** The composer, as soon as it can be there. */
export type StartedComposer = {
  /** Tries again if it is not there yet. */
  use: () => Promise<ComposePanel>
}

/** Starts the composer in its place. While its first requests fail, the place says so, and each use tries again. */
export function startComposer(element: HTMLElement, start: () => Promise<ComposePanel>): StartedComposer {
  let panel: Promise<ComposePanel> | undefined
  const use = () =>
    (panel ??= start().catch((error: unknown) => {
      panel = undefined
      element.replaceChildren(drawFailure(messageOf(error), again))
      throw error
    }))
  const again = () => {
    use().catch(() => undefined)
  }
  again()
  return { use }
}

function drawFailure(why: string, again: () => void): HTMLElement {
  const reason = make('p', { class: 'danger', attributes: { dir: 'auto' } })
  inLanguage(reason, () => {
    reason.textContent = `! ${noteText(why).text}`
  })
  return make(
    'div',
    { class: 'card', attributes: { role: 'alert', 'data-compose-failed': '' } },
    worded('p', TEXT.notStarted),
    reason,
    quietButton(TEXT.startAgain, 'data-compose-again', again),
  )
}
