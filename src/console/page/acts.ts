import { confirmAct } from '../../ui/confirm.ts'
import { make } from '../../ui/dom.ts'
import { textOf, type Text } from '../../ui/language.ts'
import { toast } from '../../ui/toast.ts'
import { ACT_WORDS } from './act-words.ts'
import { api } from './api.ts'
import { isSessionEnd, leave } from './poll.ts'
import { failureOf } from './refusal-words.ts'
import type { Act, Message } from './shapes.ts'
import { say } from './words.ts'

/** What a retry of a message in this state does; nothing where it cannot be retried. */
const RETRY_WILL: Partial<Record<Message['state'], Text>> = {
  queued: ACT_WORDS.retryNowWill,
  failed: ACT_WORDS.retryWill,
  expired: ACT_WORDS.retryWill,
  rejected: ACT_WORDS.retryRejectedWill,
  unknown: ACT_WORDS.retryUnknownWill,
}

/** The same of an event, which goes to the app. */
const EVENT_WILL: typeof RETRY_WILL = {
  ...RETRY_WILL,
  failed: ACT_WORDS.retryEventWill,
  expired: ACT_WORDS.retryEventWill,
  rejected: ACT_WORDS.retryEventWill,
}

/** Why nothing can be done. */
const NOTHING: Partial<Record<Message['state'], Text>> = {
  queued: ACT_WORDS.nothingToDoQueued,
  sending: ACT_WORDS.nothingToDoSending,
  cancelled: ACT_WORDS.nothingToDoCancelled,
}

/** What can be done to a message, each with what will happen. @param onDone reads it again */
export function messageActs(message: Message, onDone: () => void): HTMLElement {
  const { state, wiped, wire, next_attempt_at: next } = message
  const box = make('section', { class: 'acts' }, make('h3', { text: textOf(ACT_WORDS.actions) }))
  const isEvent = wire === 'event'
  const retryWill = (isEvent ? EVENT_WILL : RETRY_WILL)[state]
  if (wiped && retryWill !== undefined) {
    box.append(make('p', { class: 'soft', text: textOf(isEvent ? ACT_WORDS.eventGone : ACT_WORDS.textGone) }))
  } else if (retryWill !== undefined && (state !== 'queued' || (next !== null && message.attempts.length > 0))) {
    box.append(actRow('retry', message, retryWill, onDone))
  }
  // Only messages to Divar can be cancelled.
  if (state === 'queued' && !isEvent) box.append(actRow('cancel', message, ACT_WORDS.cancelWill, onDone))
  if (box.childElementCount === 1) {
    box.append(make('p', { class: 'soft', text: textOf(NOTHING[state] ?? ACT_WORDS.nothingToDo) }))
  }
  return box
}

function actRow(act: Act, { id, state }: Message, will: Text, onDone: () => void): HTMLElement {
  const button = make('button', {
    // What is likely to help stands out.
    class: act === 'retry' && state !== 'rejected' && state !== 'unknown' ? 'primary' : 'quiet',
    text: textOf(ACT_WORDS[act]),
    attributes: { type: 'button', 'data-act': act },
  })
  button.addEventListener('click', () => {
    // Not disabled: it would lose the focus.
    if (button.ariaBusy === 'true') return
    button.ariaBusy = 'true'
    perform(act, id, act === 'cancel' || state === 'unknown' ? will : undefined)
      .catch((error: unknown) => {
        tellFailure(error)
      })
      .finally(() => {
        button.ariaBusy = null
        onDone()
      })
      .catch(() => undefined)
  })
  return make('div', { class: 'act' }, button, make('p', { class: 'soft', text: textOf(will) }))
}

/** @param will what it does, where that cannot be undone and is asked first */
async function perform(act: Act, id: string, will: Text | undefined): Promise<void> {
  const [title, yes, no] =
    act === 'cancel'
      ? [ACT_WORDS.cancelQuestion, ACT_WORDS.cancelYes, ACT_WORDS.keep]
      : [ACT_WORDS.retryQuestion, ACT_WORDS.retryYes, ACT_WORDS.leave]
  if (will !== undefined && !(await confirmAct(will, yes, no, title))) return
  await api.act(act, id)
  toast(textOf(act === 'retry' ? ACT_WORDS.retried : ACT_WORDS.cancelled), 'success', say('dismiss'))
}

function tellFailure(error: unknown): void {
  if (isSessionEnd(error)) leave()
  else toast(failureOf(error), 'danger', say('dismiss'))
}
