import { callApp, type AppCall } from './call-app.ts'
import { noteWrongKey } from './clicks.ts'
import type { Conversation } from './conversation.ts'
import type { Side, TimelineEntry } from './shown.ts'

/** How much later a late event is sent. */
const LATE_MS = 2000

export type Sent = {
  side?: Side
  body: Record<string, unknown>
  /** What the platform would have done differently. */
  notes?: string[]
  /** The entry that was sent again by hand. */
  repeats?: number
}
type Fault = { note: string } | { wrongKey: true }

/** POSTs events to the app's events URL, one after the other; a late one is overtaken by others. */
export class EventSender {
  readonly #conversation: Conversation
  readonly #key: string
  #last: Promise<unknown> = Promise.resolve()

  constructor(conversation: Conversation, identificationKey: string) {
    this.#conversation = conversation
    this.#key = identificationKey
  }

  /** Sends an event, changed by an armed fault if there is one. Resolves to the entries about it; never rejects. */
  async send(event: Sent): Promise<TimelineEntry[]> {
    const fault = this.#conversation.faults.take('event')
    if (fault === 'event_late') {
      await new Promise((resolve) => setTimeout(resolve, LATE_MS).unref())
      return [await this.#post(event, { note: 'Simulated fault: sent 2 seconds late.' })]
    }
    const first = this.#inOrder(event, fault === 'event_wrong_key' ? { wrongKey: true } : undefined)
    if (fault !== 'event_twice') return [await first]
    return Promise.all([first, this.#inOrder(event, { note: 'Simulated fault: the same event once more.' })])
  }

  #inOrder(event: Sent, fault?: Fault): Promise<TimelineEntry> {
    const sent = this.#last.then(() => this.#post(event, fault))
    this.#last = sent
    return sent
  }

  async #post({ side, body, repeats, notes = [] }: Sent, fault?: Fault): Promise<TimelineEntry> {
    const key = fault && 'wrongKey' in fault ? `${this.#key}-wrong` : this.#key
    const made = await callApp(this.#conversation.settings.eventsUrl, key, body)
    const { outcome, why } = judge(made)
    return this.#conversation.note({
      kind: 'event',
      ...(side && { side }),
      ...(repeats !== undefined && { repeats }),
      outcome: fault ? 'faulted' : outcome,
      request: made.request,
      ...('response' in made && { response: made.response }),
      ms: made.ms,
      notes: [...faultNotes(fault, made), ...why, ...notes],
    })
  }
}

function faultNotes(fault: Fault | undefined, made: AppCall): string[] {
  if (fault === undefined) return []
  return ['note' in fault ? fault.note : noteWrongKey('response' in made ? made : {})]
}

/** Any 2xx is an acceptance: apps answer 200 with any body, or 204. */
function judge(made: AppCall): { outcome: 'ok' | 'refused' | 'failed'; why: string[] } {
  if ('failure' in made) return { outcome: 'failed', why: [made.failure] }
  const { status } = made.response
  if (status >= 200 && status < 300) return { outcome: 'ok', why: [] }
  return { outcome: 'refused', why: [`The app refused the event with ${status}.`] }
}
