import { Pool } from 'undici'
import { createConnector, type Resolve } from './connect.ts'

/** Concurrent sockets to one host. */
export const MAX_SOCKETS = 128

/**
 * Servers close idle sockets after 5 s (Node), 60 s or 75 s. Whether a request written at that moment was read is unknown, so ours close first. A
 * shorter limit that the server announces is honoured, with a margin.
 */
const IDLE_MS = 3000

/** The maximum age of a socket when a request begins, so that a changed DNS record takes effect even under load. */
const MAX_AGE_MS = 60_000

export type Sockets = Pick<Pool, 'dispatch' | 'destroy'>

export type PoolOptions = {
  maxAgeMs?: number
  /** DNS resolution; the system's by default. */
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
