import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import type { App } from './app.ts'
import { deferTimeouts } from './connection-timeouts.ts'

/** Bounds against clients that are slow or large on purpose; times in milliseconds. */
const LIMITS = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 10_000,
  // A last resort, long after a body has been refused and its connection cut (http/body.ts): it would write a second answer, and did on a machine
  // that had stood still for a second.
  requestTimeout: 30_000,
  connectionsCheckingInterval: 1000,
  // Longer than the 60 s for which proxies commonly keep theirs, so that they close first.
  keepAliveTimeout: 65_000,
  requireHostHeader: true,
}

/** A listening HTTP server. */
export type Listener = {
  port: number
  /**
   * For the time of a last call all are still served, and told not to come back on their connection; then it takes nothing new, finishes
   * what runs, and resolves when the last answer is out.
   */
  drain: (lastCallMs: number) => Promise<void>
  /** Cuts every connection. */
  cut: () => void
}

/** The response of the latest request, while it is not out. */
type Connection = { latest: ServerResponse | undefined }

/** Listens; rejects when it cannot, e.g. because the port is taken. */
export async function listen({ handle, classes }: App, port: number, host: string): Promise<Listener> {
  // By socket, of which there are few: a set of responses, from which as many are taken as are put in, would leave a trail of old tables behind
  // that keep each other, and all responses that were in them, from the young generation's collector.
  const open = new Map<Socket, Connection>()
  const server = createServer({ ...LIMITS, ...classes }, (request, response) => {
    const connection = open.get(request.socket)
    if (connection !== undefined) {
      connection.latest = response
      response.on('close', () => {
        // Kept, it and all that hangs on it would be copied at each collection of what is young: half of such a pause.
        if (connection.latest === response) connection.latest = undefined
      })
    }
    handle(request, response)
  })
  server.on('connection', (socket: Socket) => {
    open.set(socket, { latest: undefined })
    socket.once('close', () => {
      open.delete(socket)
    })
  })
  deferTimeouts(server, (socket) => open.get(socket)?.latest)
  // Node drops headers past this count without a word; with the count off the guard sees, and refuses, them all.
  server.maxHeadersCount = 0
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve)
  })
  server.removeAllListeners('error')
  const hurry = new AbortController()
  return {
    port: portOf(server.address()),
    drain: async (lastCallMs) => {
      // Where nobody is connected nobody has a request on the way.
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
 * A request may be on its way on a connection that is idle here, and a proxy may not know yet that it should ask another: both would be lost
 * without an answer if all that is idle were closed at once.
 */
async function lastCall(server: Server, open: Iterable<Connection>, ms: number, hurry: AbortSignal) {
  for (const { latest } of open) if (latest !== undefined) sendAway(latest)
  server.prependListener('request', (_request, response) => {
    sendAway(response)
  })
  await setTimeout(ms, undefined, { signal: hurry }).catch(() => undefined)
}

/** Whoever keeps this connection is told not to come back on it. */
function sendAway(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('connection', 'close')
}

function close(server: Server, open: ReadonlyMap<Socket, Connection>): Promise<void> {
  const closeAfter = (response: ServerResponse) => {
    sendAway(response)
    response.once('close', () => {
      server.closeIdleConnections()
    })
  }
  for (const [socket, { latest }] of open) {
    if (latest !== undefined) closeAfter(latest)
    // Node does not count a connection as idle that never asked anything, and a closing server times nothing out any more.
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
