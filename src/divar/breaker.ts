import { createBreaker as createHostBreaker, type Breaker as HostBreaker } from '../outbound/breaker.ts'
import type { BreakerState, Sign } from '../outbound/breaker.ts'
import type { Outcome } from './outcome.ts'

const FAILURES_IN_A_ROW = 10

/** Spares one host of Divar's; whoever is not let through has the outcome `unavailable` at once. */
export type Breaker = HostBreaker<Outcome>

export type BreakerOptions = {
  /** Told of each new state. Must not throw. */
  onChange: (state: BreakerState) => void
  failures?: number
  openMs?: number
}

export function createBreaker({ onChange, failures = FAILURES_IN_A_ROW, openMs }: BreakerOptions): Breaker {
  return createHostBreaker<Outcome>({
    failures,
    openMs,
    signOf,
    refuse: (retryAfterSeconds) => ({ kind: 'unavailable', retryAfterSeconds }),
    onChange,
  })
}

/** Ends that came about on our side. */
const OUR_OWN: ReadonlySet<string> = new Set(['no socket in time', 'unsendable path or header', 'aborted'])

function signOf(outcome: Outcome): Sign {
  switch (outcome.kind) {
    case 'delivered':
    case 'token_refused':
    case 'not_permitted':
    case 'recipient_restricted':
    case 'rejected':
    case 'rate_limited':
      return 'up'
    case 'platform_error':
      return 'down'
    case 'not_sent':
      return OUR_OWN.has(outcome.reason) ? 'none' : 'down'
    case 'unknown':
      if (!outcome.silent) return 'up'
      return OUR_OWN.has(outcome.reason) ? 'none' : 'down'
    case 'consent_required':
    case 'sender_ambiguous':
    case 'grant_unreadable':
    case 'store_unavailable':
    case 'unavailable':
      return 'none'
  }
}
