import { Counter } from '../observability/metrics.ts'
import type { ClockStatus } from '../store/clock-watch.ts'
import { FINAL_STATES, WIRES } from '../store/store.ts'

/** What the outbox measures; `app/metrics.ts` shows it. */
export type OutboxMetrics = {
  /** Labels `wire` and `outcome`. */
  attempts: Counter
  /** Final states, labels `wire` and `state`. */
  ended: Counter
  /** Per caller. */
  queueLimit: number
  /** By the last count; undefined while the store is away. */
  queued: readonly { caller: string; messages: number; oldestMs: number }[] | undefined
  rowsUnderOlderKeys: number | undefined
  /** Messages and notices that ended because their sealed row could not be opened; no labels. */
  unopened: Counter
  clock: ClockStatus
}

export function createOutboxMetrics(queueLimit: number, clock: ClockStatus): OutboxMetrics {
  const ended = new Counter('wire', 'state')
  for (const wire of WIRES) for (const state of FINAL_STATES) ended.init(wire, state)
  const unopened = new Counter()
  unopened.init()
  return {
    attempts: new Counter('wire', 'outcome'),
    ended,
    queueLimit,
    queued: undefined,
    rowsUnderOlderKeys: undefined,
    unopened,
    clock,
  }
}

export function rowsUnderOthers(inUse: readonly { keyId: string; rows: number }[], keyId: string): number {
  return inUse.reduce((sum, used) => (used.keyId === keyId ? sum : sum + used.rows), 0)
}
