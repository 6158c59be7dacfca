import type { Keyring } from '../base/keyring.ts'
import type { RequestLog } from '../http/app.ts'
import type { Logger } from '../observability/log.ts'
import { Counter } from '../observability/metrics.ts'
import { describeStoreError } from '../store/store-faults.ts'
import type { NewNote, NoteKind, TimelineStore } from '../store/timeline-store.ts'

/** Notes that wait; further ones are dropped. */
const MAX_WAITING = 10_000
const BATCH = 200
const FLUSH_EVERY_MS = 250

type Waiting = Omit<NewNote, 'ageMs'> & { at: number }

/** Events of the request log that are noted, and as what. */
const KINDS: ReadonlyMap<string, NoteKind> = new Map([
  ['click', 'click'],
  ['action', 'action'],
  ['message', 'send'],
  ['event', 'event'],
  ['consent', 'consent'],
])

/** Notes what happened in conversations, beside the answers: in batches, and dropped rather than waited for. */
export class Notes {
  readonly counts = new Counter('outcome')
  readonly #store: Pick<TimelineStore, 'addNotes'>
  readonly #keyring: Keyring
  readonly #log: Logger
  #waiting: Waiting[] = []
  #timer: NodeJS.Timeout | undefined
  #flushing: Promise<void> | undefined

  constructor(store: Pick<TimelineStore, 'addNotes'>, keyring: Keyring, log: Logger) {
    this.#store = store
    this.#keyring = keyring
    this.#log = log
    for (const outcome of ['stored', 'dropped']) this.counts.init(outcome)
  }

  /** How many notes this process dropped. */
  readonly dropped = (): number =>
    this.counts.read().reduce((sum, { labels, value }) => sum + (labels['outcome'] === 'dropped' ? value : 0), 0)

  /** Notes a request that has been answered, under each of its conversations. */
  readonly noteRequest = ({ chats, fields }: RequestLog, event: string): void => {
    if (chats === undefined) return
    const [subject = '', suffix = ''] = event.split('.', 2)
    const kind = KINDS.get(subject)
    if (kind === undefined) return
    const { duration_ms: durationMs = 0, code, consent, why, status } = fields
    const result =
      textOf(code) ?? textOf(why) ?? (consent === 'asked' ? 'consent_asked' : (CONSENT_WORDS[event] ?? suffix))
    for (const text of chats()) {
      const [name] = this.#keyring.macs('conversation', text)
      this.#add({
        name,
        at: performance.now() - Number(durationMs),
        kind,
        result,
        durationMs: Number(durationMs),
        wire: textOf(fields['wire']),
        subject: textOf(fields[SUBJECTS[kind]]),
        caller: textOf(fields['caller']),
        status: typeof status === 'number' ? status : undefined,
        eventType: textOf(fields['event_type']),
      })
    }
  }

  /** Notes that a message has ended, and that a notice of it was stored. @param conversation that of the message's row */
  readonly noteNotice = (conversation: string, id: string, state: string): void => {
    this.#add({
      name: conversation,
      at: performance.now(),
      kind: 'notice',
      result: state,
      wire: 'webhook',
      subject: id,
    })
  }

  /** Stores what waits. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    await this.#flushing
    while (this.#waiting.length > 0) await this.#storeBatch()
  }

  #add(note: Waiting): void {
    if (this.#waiting.length >= MAX_WAITING) {
      this.counts.count('dropped')
      return
    }
    this.#waiting.push(note)
    if (this.#flushing === undefined) this.#timer ??= setTimeout(this.#flush, FLUSH_EVERY_MS)
  }

  readonly #flush = (): void => {
    this.#timer = undefined
    this.#flushing = this.#storeBatch().finally(() => {
      this.#flushing = undefined
      if (this.#waiting.length > 0)
        this.#timer ??= setTimeout(this.#flush, this.#waiting.length >= BATCH ? 0 : FLUSH_EVERY_MS)
    })
  }

  /** Never rejects: notes that cannot be stored are dropped. */
  async #storeBatch(): Promise<void> {
    const batch = this.#waiting.splice(0, BATCH)
    const now = performance.now()
    let outcome = 'stored'
    try {
      await this.#store.addNotes(batch.map(({ at, ...note }) => ({ ...note, ageMs: now - at })))
    } catch (error) {
      outcome = 'dropped'
      this.#log.warn({ event: 'store.failed', what: 'timeline', ...describeStoreError(error) })
    }
    batch.forEach(() => {
      this.counts.count(outcome)
    })
  }
}

const CONSENT_WORDS: Readonly<Record<string, string>> = { 'consent.opened': 'started' }

const SUBJECTS = {
  click: 'click_id',
  action: 'click_id',
  send: 'message_id',
  event: 'event_id',
  consent: 'none',
  notice: 'none',
} satisfies Record<NoteKind, string>

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
