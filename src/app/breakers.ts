import type { Logger } from '../observability/log.ts'
import type { BreakerState } from '../outbound/breaker.ts'

/** The state of a breaker, with the host before which it stands. */
export type BreakerReading = { host: string; state: () => BreakerState }

/** Tells the log of each new state. */
export function tellBreaker(host: string, log: Logger): (state: BreakerState) => void {
  return (state) => {
    log[state === 'open' ? 'error' : 'info']({ event: `breaker.${state}`, host })
  }
}
