import { Pool } from 'undici'
import { createConnector, type Resolve } from './connect.ts'

/** Sockets to one host at once. */
export const MAX_SOCKETS = 128

/**
 * How long an idle socket may be used again. Servers close theirs after 5 s (Node), 60 s or 75 s; a request written just then is lost
 * without a trace of whether it was read, so ours go first. A shorter limit that the server announces is honoured, with a margin.
 */
const IDLE_MS = 3000

/** How old a socket may be when a request begins: a name that moves to another address is followed within this time, also under load. */
const MAX_AGE_MS = 60_000

export type Sockets = Pick<Pool, 'dispatch' | 'destroy'>

export type PoolOptions = {
  maxAgeMs?: number
  /** Finds the addresses of a name; the system's own way unless another is given. */
  resolve?: Resolve
}

/** Keep-alive sockets to one origin over HTTP/1.1. */
export function createPool(
  origin: string,
  connectTimeoutMs: number,
  { maxAgeMs = MAX_AGE_MS, resolve }: PoolOptions = {},
): Sockets {
  return new Pool(origin, {
    connections: MAX_SOCKETS,
    pipelining: 1,
    allowH2: false,
    connect: createConnector(connectTimeoutMs, resolve),
    clientTtl: maxAgeMs,
    keepAliveTimeout: IDLE_MS,
    keepAliveMaxTimeout: IDLE_MS,
    keepAliveTimeoutThreshold: 1000,
  })
}
