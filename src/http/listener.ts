import { createServer, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import type { App } from './app.ts'
import type { Duplex } from 'node:stream'
import { startDeadline } from '../base/timeout.ts'

/** Limits against slow or oversized requests; times in milliseconds. */
const LIMITS = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 10_000,
  // A last resort: request.ts times out earlier. If both fired, the client would get two answers.
  requestTimeout: 30_000,
  connectionsCheckingInterval: 1000,
  // Longer than the 60 s that is common among proxies, so that the proxy closes first.
  keepAliveTimeout: 65_000,
  requireHostHeader: true,
}

/** A listening HTTP server. */
export type Listener = {
  port: number
  /**
   * Answers `Connection: close` for `lastCallMs`, while still accepting; then stops accepting, and resolves when the last response is out.
   */
  drain: (lastCallMs: number) => Promise<void>
  /** Closes every connection at once. */
  cut: () => void
}

/** The response that is being written on a connection. */
type Connection = { latest: ServerResponse | undefined }

/** Listens. Rejects with the system's error, e.g. EADDRINUSE. */
export async function listen({ handle, classes }: App, port: number, host: string): Promise<Listener> {
  // By socket, of which there are few: a set of responses would rehash all the time and keep responses out of young-generation collection.
  const open = new Map<Socket, Connection>()
  const server = createServer({ ...LIMITS, ...classes }, (request, response) => {
    const connection = open.get(request.socket)
    if (connection !== undefined) {
      connection.latest = response
      response.on('close', () => {
        if (connection.latest === response) connection.latest = undefined
      })
    }
    handle(request, response)
  })
  // Without this listener, Node answers 417 without a body, and nothing is logged.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response))
  server.on('connection', (socket: Socket) => {
    open.set(socket, { latest: undefined })
    socket.once('close', () => {
      open.delete(socket)
    })
  })
  deferTimeouts(server, (socket) => open.get(socket)?.latest)
  // Node silently drops headers past this count. Unlimited here; app.ts refuses requests with too many.
  server.maxHeadersCount = 0
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve)
  })
  server.removeAllListeners('error')
  const hurry = new AbortController()
  return {
    port: portOf(server.address()),
    drain: async (lastCallMs) => {
      if (open.size > 0) await lastCall(server, open.values(), lastCallMs, hurry.signal)
      await close(server, open)
    },
    cut: () => {
      hurry.abort()
      server.closeAllConnections()
    },
  }
}

/**
 * Keeps serving for a while before idle connections are closed: a request may already be on its way on one, and a load balancer may not have
 * noticed yet that this instance drains.
 */
async function lastCall(server: Server, open: Iterable<Connection>, ms: number, hurry: AbortSignal) {
  for (const { latest } of open) if (latest !== undefined) sendClose(latest)
  server.prependListener('request', (_request, response) => {
    sendClose(response)
  })
  await setTimeout(ms, undefined, { signal: hurry }).catch(() => undefined)
}

function sendClose(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('connection', 'close')
}

function close(server: Server, open: ReadonlyMap<Socket, Connection>): Promise<void> {
  const closeAfter = (response: ServerResponse) => {
    sendClose(response)
    response.once('close', () => {
      server.closeIdleConnections()
    })
  }
  for (const [socket, { latest }] of open) {
    if (latest !== undefined) closeAfter(latest)
    // Node does not count a connection without any request as idle, and a closing server no longer times it out.
    if (socket.bytesRead === 0) socket.destroy()
  }
  server.prependListener('request', (_request, response) => {
    closeAfter(response)
  })
  return new Promise((resolve, reject) => {
    server.close((error) => {
      if (error) reject(error)
      else resolve()
    })
  })
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('expected a TCP address')
  return address.port
}

/** Node's default answers to client errors, by error code. */
const REFUSALS: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
}

/**
 * Defers Node's header and idle timeouts until data that has already arrived is read (see `startDeadline`): after the event loop was blocked, a
 * timeout must not win against a request that came in time.
 * @param latestOf the response that is being written on a connection
 */
export function deferTimeouts(server: Server, latestOf: (socket: Socket) => ServerResponse | undefined): void {
  const requests = new WeakMap<Socket, number>()
  const countOf = (socket: Socket) => requests.get(socket) ?? 0
  server.prependListener('request', ({ socket }) => {
    requests.set(socket, countOf(socket) + 1)
  })
  const unlessRequested = (socket: Socket, end: () => void) => {
    const before = countOf(socket)
    startDeadline(0, () => {
      if (countOf(socket) === before) end()
    })
  }
  const refuse = (error: NodeJS.ErrnoException, socket: Duplex) => {
    const isBegun = socket instanceof Socket && latestOf(socket)?.headersSent === true
    if (socket.writable && !isBegun) {
      socket.write(`HTTP/1.1 ${REFUSALS[error.code ?? ''] ?? '400 Bad Request'}\r\nConnection: close\r\n\r\n`)
    }
    socket.destroy(error)
  }
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const isTimeout = error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
    if (isTimeout && socket instanceof Socket) {
      unlessRequested(socket, () => {
        refuse(error, socket)
      })
    } else refuse(error, socket)
  })
  server.on('timeout', (socket: Socket) => {
    unlessRequested(socket, () => {
      socket.destroy()
    })
  })
}
