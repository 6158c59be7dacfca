import { createBreaker as createHostBreaker, type Breaker as HostBreaker } from '../outbound/breaker.ts'
import type { BreakerState, Sign } from '../outbound/breaker.ts'
import { outcomeRules, type Outcome } from './outcome.ts'

const FAILURES_IN_A_ROW = 10

/** The circuit breaker of one of Divar's hosts: a delivery that it does not let through ends as `unavailable` at once. */
export type Breaker = HostBreaker<Outcome>

export type BreakerOptions = {
  /** Called with each new state. Must not throw. */
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

function signOf(outcome: Outcome): Sign {
  switch (outcomeRules[outcome.kind].countsForBreaker) {
    case 'success':
      return 'up'
    case 'failure':
      return 'down'
    case 'no':
      return 'none'
    case 'by cause':
      return 'cause' in outcome ? signOfCause[outcome.cause] : 'none'
  }
}

const signOfCause = { answer: 'up', remote: 'down', local: 'none', aborted: 'none' } as const
