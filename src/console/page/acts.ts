import { confirmAct } from '../../ui/confirm.ts'
import { make } from '../../ui/dom.ts'
import { textOf, type Text } from '../../ui/language.ts'
import { toast } from '../../ui/toast.ts'
import { ACT_WORDS } from './act-words.ts'
import { api, Refusal } from './api.ts'
import { isSessionEnd, leave } from './poll.ts'
import type { Act, Message } from './shapes.ts'
import { fill, say } from './words.ts'

/** What a retry of a message in this state does; nothing where it cannot be retried. */
const RETRY_WILL: Partial<Record<Message['state'], Text>> = {
  queued: ACT_WORDS.retryNowWill,
  failed: ACT_WORDS.retryWill,
  expired: ACT_WORDS.retryWill,
  rejected: ACT_WORDS.retryRejectedWill,
  unknown: ACT_WORDS.retryUnknownWill,
}

/** What can be done to a message, each with what will happen. @param onDone reads it again */
export function messageActs(message: Message, onDone: () => void): HTMLElement {
  const { state, wiped, wire, next_attempt_at: next } = message
  const box = make('section', { class: 'acts' }, make('h3', { text: textOf(ACT_WORDS.actions) }))
  const retryWill = RETRY_WILL[state]
  if (wiped && retryWill !== undefined) {
    box.append(make('p', { class: 'soft', text: textOf(ACT_WORDS.textGone) }))
  } else if (retryWill !== undefined && (state !== 'queued' || (next !== null && message.attempts.length > 0))) {
    box.append(actRow('retry', message, retryWill, onDone))
  }
  // Only messages to Divar can be cancelled.
  if (state === 'queued' && wire !== 'event') box.append(actRow('cancel', message, ACT_WORDS.cancelWill, onDone))
  if (box.childElementCount === 1) box.append(make('p', { class: 'soft', text: textOf(ACT_WORDS.nothingToDo) }))
  return box
}

function actRow(act: Act, { id, state }: Message, will: Text, onDone: () => void): HTMLElement {
  const button = make('button', {
    class: act === 'retry' ? 'primary' : 'quiet',
    text: textOf(ACT_WORDS[act]),
    attributes: { type: 'button', 'data-act': act },
  })
  button.addEventListener('click', () => {
    button.disabled = true
    perform(act, id, act === 'cancel' || state === 'unknown' ? will : undefined)
      .catch((error: unknown) => {
        tellFailure(error)
      })
      .finally(() => {
        button.disabled = false
        onDone()
      })
      .catch(() => undefined)
  })
  return make('div', { class: 'act' }, button, make('p', { class: 'soft', text: textOf(will) }))
}

/** @param question asked first, where the act cannot be undone */
async function perform(act: Act, id: string, question: Text | undefined): Promise<void> {
  const refuse = act === 'cancel' ? ACT_WORDS.keep : ACT_WORDS.leave
  if (question !== undefined && !(await confirmAct(question, ACT_WORDS[act], refuse))) return
  await api.act(act, id)
  toast(textOf(act === 'retry' ? ACT_WORDS.retried : ACT_WORDS.cancelled), 'success', say('dismiss'))
}

function tellFailure(error: unknown): void {
  if (isSessionEnd(error)) leave()
  else toast(fill(say('notDone'), { why: whyNot(error) }), 'danger', say('dismiss'))
}

/** Why an act failed, in a few words. */
export function whyNot(error: unknown): string {
  if (!(error instanceof Refusal)) return say('noAnswer')
  if (error.code === 'wrong_state') return textOf(ACT_WORDS.wrongState)
  if (error.code === 'content_wiped') return textOf(ACT_WORDS.textGone)
  if (error.code === 'not_found') return textOf(ACT_WORDS.notKept)
  return `${error.status} ${error.code}`
}
