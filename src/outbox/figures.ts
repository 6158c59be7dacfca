import { Tally } from '../base/tally.ts'
import { FINAL_STATES, WIRES } from '../store/store.ts'

/** What can be counted of an outbox. */
export type OutboxFigures = {
  /** Labels `wire` and `outcome`. */
  attempts: Tally
  /** Final states, labels `wire` and `state`. */
  ended: Tally
  /** Of each caller. */
  queueLimit: number
  /** At the last look. */
  queued: readonly { caller: string; messages: number; oldestMs: number }[]
  rowsUnderOlderKeys: number
}

export function createFigures(queueLimit: number): OutboxFigures {
  const ended = new Tally()
  for (const wire of WIRES) for (const state of FINAL_STATES) ended.expect({ wire, state })
  return { attempts: new Tally(), ended, queueLimit, queued: [], rowsUnderOlderKeys: 0 }
}

export function rowsUnderOthers(inUse: readonly { keyId: string; rows: number }[], keyId: string): number {
  return inUse.reduce((sum, used) => (used.keyId === keyId ? sum : sum + used.rows), 0)
}
