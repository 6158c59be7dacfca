import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'

/** Node accepts one connection in a turn of the event loop, and reads its request in the next one. After so many without one, none waits. */
const QUIET_TURNS = 8
/** More than the 511 connections that may wait. */
const MAX_TURNS = 1024

/**
 * Keeps serving before idle connections are closed: a request may be in transit on one, and a load balancer may not know yet that this instance
 * drains. Then takes the connections that wait already, which the system would reset.
 */
export async function keepServing(
  server: Server,
  responses: Iterable<ServerResponse | undefined>,
  ms: number,
  endNow: AbortSignal,
) {
  for (const response of responses) sendClose(response)
  server.prependListener('request', (_request, response) => {
    sendClose(response)
  })
  let quietTurns = 0
  server.on('connection', () => {
    quietTurns = 0
  })
  await setTimeout(ms, undefined, { signal: endNow }).catch(() => undefined)
  for (let turn = 0; turn < MAX_TURNS && quietTurns < QUIET_TURNS && !endNow.aborted; turn += 1) {
    quietTurns += 1
    await setImmediate()
  }
}

function sendClose(response: ServerResponse | undefined): void {
  if (response?.headersSent === false) response.setHeader('connection', 'close')
}

export function closeServer(server: Server, open: ReadonlyMap<Socket, ServerResponse | undefined>): Promise<void> {
  const closeAfter = (response: ServerResponse) => {
    sendClose(response)
    response.once('close', () => {
      server.closeIdleConnections()
    })
  }
  for (const [socket, response] of open) {
    if (response !== undefined) closeAfter(response)
    // Node does not count a connection without any request as idle, and a closing server no longer times it out.
    if (socket.bytesRead === 0) socket.destroy()
  }
  server.prependListener('request', (_request, response) => {
    closeAfter(response)
  })
  return promisify(server.close.bind(server))()
}
