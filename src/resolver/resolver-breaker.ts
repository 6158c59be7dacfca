import { createBreaker, type BreakerState, type Sign } from '../outbound/breaker.ts'
import type { Exchange } from '../outbound/exchange.ts'
import type { Host } from '../outbound/host.ts'

const FAILURES_IN_A_ROW = 5

export type SparedHost = { host: Host; state: () => BreakerState }

/**
 * The resolver's host, left alone while it fails: users then land on the fallback at once, and none of them waits for the deadline.
 * @param onChange told of each new state; must not throw
 * @param openMs how long it is left alone, in milliseconds
 */
export function spareHost(host: Host, onChange: (state: BreakerState) => void, openMs?: number): SparedHost {
  const refused: Exchange = {
    kind: 'failed',
    begun: false,
    cause: 'local',
    reason: `left alone after ${FAILURES_IN_A_ROW} failures in a row`,
  }
  const { run, state } = createBreaker<Exchange>({
    failures: FAILURES_IN_A_ROW,
    openMs,
    signOf,
    refuse: () => refused,
    onChange,
  })
  return { host: { send: (request) => run(() => host.send(request)), destroy: host.destroy }, state }
}

function signOf(exchange: Exchange): Sign {
  // An aborted call counts: that is how the deadline ends one.
  if (exchange.kind === 'failed') return exchange.cause === 'local' ? 'none' : 'down'
  // Without a body the answer broke off, came too slowly, or was too large.
  return exchange.status >= 500 || exchange.body === undefined ? 'down' : 'up'
}
