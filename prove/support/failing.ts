import type { Misbehaviour } from '../../src/simulator/simulator.ts'
import type { Audit } from './audit.ts'
import type { Ledger } from './ledger.ts'
import type { Random } from './random.ts'

const RETRY_AFTER_S = 1
/** In this time the gateway must know of a 429, commits and all. What it has begun by then cannot be called back. */
const KNOWN_AFTER_MS = 250
/** The database's clock and ours are one, read a moment apart. */
const CLOCK_SLACK_MS = 10

type Fault = 'answers 500' | 'resets' | 'stays silent' | 'answers 429'

/** A request during the pause that a 429 asked for: which attempt of its message it is, and when the 429 was sent. */
type Unwanted = { serial: number; attempt: number; refusedAt: number }

/** Fails a quarter of all requests, and watches that the gateway draws its conclusions. */
export class Failing {
  readonly times = new Map<Fault, number>()
  /** Messages that got no answer to some request. */
  readonly leftOpen = new Set<number>()
  repeatedAfterUnknown = 0
  readonly #unwanted: Unwanted[] = []
  readonly #random: Random
  readonly #ledger: Ledger
  #refusals: number[] = []

  constructor(random: Random, ledger: Ledger) {
    this.#random = random
    this.#ledger = ledger
  }

  decide(serial: number): Misbehaviour | undefined {
    const now = Date.now()
    if (this.leftOpen.has(serial)) this.repeatedAfterUnknown += 1
    this.#refusals = this.#refusals.filter((at) => now < at + RETRY_AFTER_S * 1000 - CLOCK_SLACK_MS)
    const refusedAt = this.#refusals.find((at) => now > at + KNOWN_AFTER_MS)
    if (refusedAt !== undefined) {
      this.#unwanted.push({ serial, attempt: this.#ledger.timesArrived(serial), refusedAt })
    }
    const drawn = this.#random.next()
    if (drawn < 0.1) return this.#note('answers 500', { kind: 'answer', status: 500, body: '{"code":13}' })
    if (drawn < 0.15) return this.#leaveOpen(serial, 'resets', { kind: 'reset' })
    if (drawn < 0.2) return this.#leaveOpen(serial, 'stays silent', { kind: 'silence' })
    if (drawn >= 0.25) return undefined
    this.#refusals.push(now)
    const headers = { 'retry-after': String(RETRY_AFTER_S) }
    return this.#note('answers 429', { kind: 'answer', status: 429, body: '{"code":8}', headers })
  }

  /** Of the requests that came within a Retry-After: those that were on their way, and those that were begun in spite of it. */
  unwanted({ records }: Audit): { onTheirWay: number; begun: number } {
    const begun = this.#unwanted.filter(({ serial, attempt, refusedAt }) => {
      const at = records.get(serial)?.begun[attempt]
      return at === undefined || at > refusedAt + KNOWN_AFTER_MS
    }).length
    return { onTheirWay: this.#unwanted.length - begun, begun }
  }

  #leaveOpen(serial: number, fault: Fault, misbehaviour: Misbehaviour): Misbehaviour {
    this.leftOpen.add(serial)
    return this.#note(fault, misbehaviour)
  }

  #note(fault: Fault, misbehaviour: Misbehaviour): Misbehaviour {
    this.times.set(fault, (this.times.get(fault) ?? 0) + 1)
    return misbehaviour
  }
}
