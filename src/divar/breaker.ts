import { createBreaker as createHostBreaker, type Breaker as HostBreaker } from '../outbound/breaker.ts'
import type { BreakerState, CallResult } from '../outbound/breaker.ts'
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
    classify,
    refuse: (retryAfterSeconds) => ({ kind: 'unavailable', retryAfterSeconds }),
    onChange,
  })
}

function classify(outcome: Outcome): CallResult {
  const counts = outcomeRules[outcome.kind].countsForBreaker
  if (counts === 'no') return 'ignored'
  if (counts !== 'by cause') return counts
  return 'cause' in outcome ? resultOfCause[outcome.cause] : 'ignored'
}

const resultOfCause = { answer: 'success', remote: 'failure', local: 'ignored', aborted: 'ignored' } as const
