// The one file, since undici's index loads fetch, WebSocket, caches and mocks besides: 70 ms of a start, a sixth of it.
import UndiciPool from 'undici/lib/dispatcher/pool.js'
import type { Pool } from 'undici'

/** Sockets to one host at once. */
export const MAX_SOCKETS = 128

/**
 * How long an idle socket may be used again. Servers close theirs after 5 s (Node), 60 s or 75 s; a request written just then is lost
 * without a trace of whether it was read, so ours go first. A shorter limit that the server announces is honoured, with a margin.
 */
const IDLE_MS = 3000

/** What undici's file has by itself; its index would add the rest. */
export type Sockets = Pick<Pool, 'dispatch' | 'destroy'>

/** Keep-alive sockets to one origin over HTTP/1.1. */
export function createPool(origin: string, connectTimeoutMs: number): Sockets {
  return new UndiciPool(origin, {
    connections: MAX_SOCKETS,
    pipelining: 1,
    allowH2: false,
    connect: { timeout: connectTimeoutMs },
    keepAliveTimeout: IDLE_MS,
    keepAliveMaxTimeout: IDLE_MS,
    keepAliveTimeoutThreshold: 1000,
  })
}
