import { Tally } from '../observability/counter.ts'
import type { ClockFigures } from '../store/clock-watch.ts'
import { FINAL_STATES, WIRES } from '../store/store.ts'

/** What can be counted of an outbox. */
export type OutboxMetrics = {
  /** Labels `wire` and `outcome`. */
  attempts: Tally
  /** Final states, labels `wire` and `state`. */
  ended: Tally
  /** Of each caller. */
  queueLimit: number
  /** At the last look; unknown while the store is away. */
  queued: readonly { caller: string; messages: number; oldestMs: number }[] | undefined
  rowsUnderOlderKeys: number | undefined
  /** Messages and notices that ended because their row did not open, without labels. */
  unopened: Tally
  clock: ClockFigures
}

export function createOutboxMetrics(queueLimit: number, clock: ClockFigures): OutboxMetrics {
  const ended = new Tally()
  for (const wire of WIRES) for (const state of FINAL_STATES) ended.expect({ wire, state })
  const unopened = new Tally()
  unopened.expect({})
  return { attempts: new Tally(), ended, queueLimit, queued: undefined, rowsUnderOlderKeys: undefined, unopened, clock }
}

export function rowsUnderOthers(inUse: readonly { keyId: string; rows: number }[], keyId: string): number {
  return inUse.reduce((sum, used) => (used.keyId === keyId ? sum : sum + used.rows), 0)
}
