import { expect } from '@jest/globals'
import { createBreaker, type Breaker } from '../../src/divar/deliver.ts'
import type { Outcome } from '../../src/divar/outcome.ts'
import type { BreakerState } from '../../src/outbound/breaker.ts'

/** How long a breaker of these tests is open, unless one says otherwise. */
export const OPEN_MS = 30

export const UP: Outcome = { kind: 'delivered', status: 200 }
export const DOWN: Outcome = { kind: 'not_sent', cause: 'remote', reason: 'ECONNREFUSED' }

export type TestBreaker = Breaker & {
  /** The states reported so far. */
  told: BreakerState[]
  /** Runs work that ends like this, so many times, one after the other; none may be turned away. */
  ends: (outcome: Outcome, times?: number) => Promise<void>
}

/** A breaker that opens after three failures in a row. */
export function startBreaker(options: { failures?: number; openMs?: number } = {}): TestBreaker {
  const told: BreakerState[] = []
  const breaker = createBreaker({ failures: 3, openMs: OPEN_MS, ...options, onChange: (state) => told.push(state) })
  const ends = async (outcome: Outcome, times = 1) => {
    for (let time = 0; time < times; time += 1) {
      expect(await breaker.run(() => Promise.resolve(outcome))).toBe(outcome)
    }
  }
  return { ...breaker, told, ends }
}
