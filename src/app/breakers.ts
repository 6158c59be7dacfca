import type { Logger } from '../observability/log.ts'
import type { BreakerState } from '../outbound/breaker.ts'

/** A breaker's host and state. */
export type BreakerReading = { host: string; state: () => BreakerState }

/** Logs each change of state. */
export function logBreaker(host: string, log: Logger): (state: BreakerState) => void {
  return (state) => {
    log[state === 'open' ? 'error' : 'info']({ event: `breaker.${state}`, host })
  }
}
