import { createHash } from 'node:crypto'
import type { Side, TimelineEntry } from './shown.ts'

type Placed = Omit<TimelineEntry, 'id' | 'at' | 'journey'>

/** How long after a landing or a consent the calls in that person's name belong to it. */
const JOIN_MS = 5 * 60_000
/** How long after a click the app's resolver is asked about it. */
const RESOLVE_MS = 10_000
/** Of each kind of thing that later entries are recognized by. */
const MAX_REMEMBERED = 50

/**
 * Tells which entries of the timeline belong together: a click, its landing, the consent, its tokens, and the calls in that person's name
 * until the next click. An entry that belongs to nothing begins a journey of its own. Decided by what the platform sees alone.
 */
export class Journeys {
  #last = 0
  /** The newest landing, consent or dynamic action of each person. */
  readonly #current = new Map<Side, { journey: number; at: number }>()
  /** The newest event of each person. */
  readonly #events = new Map<Side, { journey: number; at: number }>()
  /** By `state`, by `code`, and by the digest of a refused delivery. */
  readonly #known = new Map<string, number>()
  /** Clicks whose resolver has not been seen, and landings whose consent has not been seen. Newest last. */
  #unresolved: { journey: number; at: number }[] = []
  #unasked: { journey: number; at: number }[] = []

  /** A new journey, for a click that is about to be made. */
  begin(now: number): number {
    const journey = this.next()
    this.#unresolved = [...this.#unresolved, { journey, at: now }].slice(-MAX_REMEMBERED)
    return journey
  }

  /** The journey of a new entry; `journey` when it is known from the start. */
  place(entry: Placed, now: number, journey = this.#find(entry, now)): number {
    this.#remember(entry, journey, now)
    return journey
  }

  #find(entry: Placed, now: number): number {
    const { kind, side } = entry
    switch (kind) {
      case 'resolver':
        return take(this.#unresolved, now - RESOLVE_MS) ?? this.next()
      case 'consent':
        return this.#findConsent(entry, now) ?? this.next()
      case 'token':
        return this.#findKnown('code', formOf(entry).get('code')) ?? this.#ofPerson(side, now) ?? this.next()
      case 'bot':
        return recent(this.#events, side, now) ?? this.#ofPerson(side, now) ?? this.next()
      case 'delivery':
        return this.#findKnown('delivery', digestOf(entry)) ?? this.#ofPerson(side, now) ?? this.next()
      case 'users':
      case 'platform':
      case 'subscription':
        return this.#ofPerson(side, now) ?? this.next()
      case 'click':
      case 'action':
      case 'landing':
      case 'event':
      case 'other':
        return this.next()
    }
  }

  #findConsent(entry: Placed, now: number): number | undefined {
    const state = stateOf(entry)
    if (state === undefined) return undefined
    return this.#findKnown('state', state) ?? take(this.#unasked, now - JOIN_MS)
  }

  #remember(entry: Placed, journey: number, now: number): void {
    const { kind, side, outcome } = entry
    const here = { journey, at: now }
    if (kind === 'landing' || kind === 'resolver') {
      this.#unasked = [...this.#unasked.filter((one) => one.journey !== journey), here].slice(-MAX_REMEMBERED)
    }
    if (kind === 'event' && side) this.#events.set(side, here)
    const begins =
      kind === 'landing' || kind === 'token' || kind === 'consent' || (kind === 'action' && outcome === 'ok')
    if (begins && side) this.#current.set(side, here)
    if (kind === 'consent') {
      this.#know('state', stateOf(entry), journey)
      this.#know('code', codeOf(entry), journey)
    }
    if (kind === 'delivery') {
      // The same body once more is another attempt only as long as none was accepted.
      if (entry.outcome === 'ok') this.#known.delete(`delivery ${digestOf(entry)}`)
      else this.#know('delivery', digestOf(entry), journey)
    }
  }

  /** A new journey. */
  next(): number {
    return ++this.#last
  }

  #ofPerson(side: Side | undefined, now: number): number | undefined {
    return recent(this.#current, side, now)
  }

  #findKnown(kind: string, key: string | null | undefined): number | undefined {
    return key === undefined || key === null ? undefined : this.#known.get(`${kind} ${key}`)
  }

  #know(kind: string, key: string | null | undefined, journey: number): void {
    if (key === undefined || key === null) return
    this.#known.delete(`${kind} ${key}`)
    this.#known.set(`${kind} ${key}`, journey)
    const [oldest] = this.#known.keys()
    if (this.#known.size > MAX_REMEMBERED && oldest !== undefined) this.#known.delete(oldest)
  }
}

function recent(by: ReadonlyMap<Side, { journey: number; at: number }>, side: Side | undefined, now: number) {
  const found = side && by.get(side)
  return found && found.at >= now - JOIN_MS ? found.journey : undefined
}

/** Takes the newest one out of the list. */
function take(waiting: { journey: number; at: number }[], since: number): number | undefined {
  const newest = waiting.pop()
  return newest && newest.at >= since ? newest.journey : undefined
}

function queryOf(url: string | undefined): URLSearchParams {
  return URL.parse(url ?? '')?.searchParams ?? new URLSearchParams()
}

function formOf({ request }: Placed): URLSearchParams {
  const body = request?.body ?? ''
  if (!body.startsWith('{')) return new URLSearchParams(body)
  const code = /"code"\s*:\s*"([^"]+)"/.exec(body)?.[1]
  return new URLSearchParams(code === undefined ? {} : { code })
}

function stateOf(entry: Placed): string | undefined {
  return queryOf(entry.request?.url).get('state') ?? formOf(entry).get('state') ?? undefined
}

/** The code that the user takes back to the app. */
function codeOf({ response }: Placed): string | null {
  return queryOf(response?.headers['location']).get('code')
}

function digestOf({ request }: Placed): string {
  return createHash('sha256')
    .update(`${request?.url ?? ''}\n${request?.body ?? ''}`)
    .digest('base64')
}
