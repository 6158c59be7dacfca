import { ask, type Exchange, type ExchangeRequest } from './exchange.ts'
import { createPool, MAX_SOCKETS } from './pool.ts'
import { Slots } from './slots.ts'

/** One host that we call. */
export type Host = {
  send: (request: ExchangeRequest) => Promise<Exchange>
  /** Cuts what runs; each exchange still settles. */
  destroy: () => Promise<void>
}

/**
 * Keep-alive sockets to one origin, and a queue before them that requests leave when their deadline passes: a request that nobody
 * waits for any more would otherwise get its socket in its turn, and after an outage the living would wait behind the dead.
 */
export function createHost(origin: string, connectTimeoutMs: number): Host {
  const pool = createPool(origin, connectTimeoutMs)
  const slots = new Slots(MAX_SOCKETS)
  return {
    send: async (request) => {
      const startedAt = performance.now()
      if (!(await slots.take(request.timeoutMs))) return { kind: 'failed', begun: false, reason: 'no socket in time' }
      const timeoutMs = Math.max(request.timeoutMs - (performance.now() - startedAt), 1)
      return ask(pool, { ...request, timeoutMs }, () => {
        slots.release()
      })
    },
    destroy: async () => {
      slots.close()
      await pool.destroy()
    },
  }
}
