import type { Server, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { startDeadline } from '../base/timeout.ts'

/** What Node answers by itself to bytes that are no request, by the code of its error. */
const REFUSALS: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
}

/**
 * Lets Node's time-outs of heads and of idle connections end a connection only after what has arrived on it was read, see `startDeadline`.
 * A connection that then has a new request is kept; its body and its answer have deadlines of their own.
 * @param latestOf the response of a connection's latest request, while it is not out
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
