import type { ArmedFault, EntryKind, FaultName, TimelineEntry } from '../shown.ts'

/** How a send of the page was answered, and when. */
export type Answered = { status: number; code?: string; from: number; until: number }

/** A fault that was used up, and what came of it. */
export type UsedFault = {
  fault: FaultName
  entry: TimelineEntry
  /** What the composer's send, during which it was used, was answered. */
  answered?: Answered
  /** The next attempt with the same request. */
  next?: TimelineEntry
}

const MAX_KEPT = 10
/** A used fault and its entry come one right after the other; only a late event takes longer. */
const PENDING_MS = 10_000
/** An entry may come a little after the answer that it led to. */
const SLACK_MS = 1000

const PLATFORM: EntryKind[] = ['delivery', 'bot', 'platform', 'subscription', 'other']
const KINDS: Partial<Record<FaultName, EntryKind[]>> = {
  stolen_state: ['consent'],
  duplicate_click: ['click', 'action'],
  wrong_key: ['click', 'action'],
  event_twice: ['event'],
  event_late: ['event'],
  event_wrong_key: ['event'],
}

/** Connects faults that were armed with the entries of the timeline that they led to. Times are the page's, in ms. */
export class FaultOutcomes {
  /** Newest first. */
  readonly used: UsedFault[] = []
  #armed: readonly ArmedFault[] = []
  #pending: { fault: FaultName; since: number }[] = []
  readonly #arrivals = new WeakMap<UsedFault, number>()

  /** Takes the faults that are armed now. One less of a fault means that a request has used it up. */
  arm(armed: readonly ArmedFault[], now: number): void {
    const lost = this.#armed.flatMap(({ fault }) =>
      Array.from({ length: Math.max(0, countOf(this.#armed, fault) - countOf(armed, fault)) }, () => fault),
    )
    const [fault] = lost
    // More at once were cleared by hand.
    if (fault !== undefined && new Set(lost).size === 1 && total(this.#armed) - total(armed) === 1) {
      this.#pending.push({ fault, since: now })
    }
    this.#armed = armed
  }

  clear(): void {
    this.#armed = []
    this.#pending = []
  }

  /** Takes a new entry; returns whether it tells more of a used fault. */
  note(entry: TimelineEntry, now: number): boolean {
    this.#pending = this.#pending.filter(({ since }) => now - since < PENDING_MS)
    const at = this.#pending.findIndex(
      ({ fault }) => entry.outcome === 'faulted' && kindsOf(fault).includes(entry.kind),
    )
    const pending = this.#pending[at]
    const before = this.used.find(
      (one) => one.next === undefined && isRepeat(one, entry) && !this.#wasAnswered(one, now),
    )
    if (before !== undefined) before.next = entry
    if (pending === undefined) return before !== undefined
    this.#pending.splice(at, 1)
    const used = { fault: pending.fault, entry }
    this.#arrivals.set(used, now)
    this.used.unshift(used)
    this.used.splice(MAX_KEPT)
    return true
  }

  /** Takes the answer to a send of the page; returns whether it was given for a used fault. */
  answer(answered: Answered): boolean {
    const one = this.used.find((used) => {
      const arrived = this.#arrivals.get(used) ?? 0
      const isDelivery = used.entry.kind === 'delivery' || used.entry.kind === 'bot'
      return isDelivery && !used.answered && arrived >= answered.from && arrived <= answered.until + SLACK_MS
    })
    if (one === undefined || answered.status === 202) return false
    one.answered = answered
    return true
  }

  /** An answered send is over: what comes later is another one. */
  #wasAnswered({ answered }: UsedFault, now: number): boolean {
    return answered !== undefined && now > answered.until
  }
}

function kindsOf(fault: FaultName): EntryKind[] {
  const isToken = /^(?:token_|code_)|scopes$|_token|_refused$/.test(fault)
  return KINDS[fault] ?? (isToken ? ['token'] : PLATFORM)
}

function isRepeat({ entry }: UsedFault, { id, kind, request }: TimelineEntry): boolean {
  return (
    id > entry.id && kind === entry.kind && request?.url === entry.request?.url && request?.body === entry.request?.body
  )
}

function countOf(armed: readonly ArmedFault[], name: FaultName): number {
  return armed.reduce((sum, { fault, times }) => (fault === name ? sum + times : sum), 0)
}

function total(armed: readonly ArmedFault[]): number {
  return armed.reduce((sum, { times }) => sum + times, 0)
}
