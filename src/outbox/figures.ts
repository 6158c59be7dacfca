import { Tally } from '../base/tally.ts'

/** What can be counted of an outbox. */
export type OutboxFigures = {
  /** Labels `wire` and `outcome`. */
  attempts: Tally
  /** Final states, labels `wire` and `state`. */
  ended: Tally
  /** At the last look. */
  queued: readonly { caller: string; messages: number; oldestMs: number }[]
  rowsUnderOlderKeys: number
}

export function createFigures(): OutboxFigures {
  return { attempts: new Tally(), ended: new Tally(), queued: [], rowsUnderOlderKeys: 0 }
}

export function rowsUnderOthers(inUse: readonly { keyId: string; rows: number }[], keyId: string): number {
  return inUse.reduce((sum, used) => (used.keyId === keyId ? sum : sum + used.rows), 0)
}
