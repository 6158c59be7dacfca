import { once } from 'node:events'
import {
  createServer,
  IncomingMessage,
  ServerResponse,
  type OutgoingHttpHeader,
  type OutgoingHttpHeaders,
  type Server,
} from 'node:http'
import { type AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Express, Response } from 'express'
import helmet from 'helmet'
import { startDeadline } from '../base/timeout.ts'
import { closeServer, keepServing } from './drain.ts'

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

export type Listener = {
  port: number
  /** Answers `Connection: close` for `keepServingMs`, while still accepting; then stops accepting, and resolves when the last response is out. */
  drain: (keepServingMs: number) => Promise<void>
  /** Closes every connection at once. */
  closeNow: () => void
}

/** Listens. Rejects with the system's error, e.g. EADDRINUSE. */
export async function listen(app: Express, port: number, host: string): Promise<Listener> {
  // The response that is being written on each connection. By socket: a set of responses would rehash with every request.
  const open = new Map<Socket, ServerResponse | undefined>()
  const server = createServer({ ...LIMITS, ...messageClasses(app) }, (request, response) => {
    const { socket } = request
    if (open.has(socket)) open.set(socket, response)
    response.on('close', () => {
      if (open.get(socket) === response) open.set(socket, undefined)
    })
    app(request, response)
  })
  // Without this listener, Node answers 417 without a body, and nothing is logged.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response))
  server.on('connection', (socket: Socket) => {
    open.set(socket, undefined)
    socket.once('close', () => {
      open.delete(socket)
    })
  })
  deferTimeouts(server, (socket) => open.get(socket))
  // Node silently drops headers past this count. Unlimited here; app.ts refuses requests with too many.
  server.maxHeadersCount = 0
  await once(server.listen(port, host), 'listening')
  const endNow = new AbortController()
  return {
    port: portOf(server.address()),
    drain: async (keepServingMs) => {
      if (open.size > 0) await keepServing(server, open.values(), keepServingMs, endNow.signal)
      await closeServer(server, open)
    },
    closeNow: () => {
      endNow.abort()
      server.closeAllConnections()
    },
  }
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
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && socket instanceof Socket) {
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

/** Nothing may be loaded, framed or cached. Helmet's headers are the same for every response, so helmet runs once. */
const SECURITY_HEADERS = securityHeaders()
/** The other headers only concern documents. */
const SECURITY_HEADERS_OF_JSON = new Set([
  'cache-control',
  'content-security-policy',
  'cross-origin-resource-policy',
  'referrer-policy',
  'strict-transport-security',
  'x-content-type-options',
])
const FRAME_HEADERS = new Set(['content-security-policy', 'x-frame-options'])

export const JSON_TYPE = 'application/json; charset=utf-8'

/** A response as a value, which can be stored. */
export type Reply = { status: number; headers: Record<string, string>; body: string }

export function jsonReply(status: number, body: object, headers: Record<string, string> = {}): Reply {
  return { status, headers: { 'content-type': JSON_TYPE, ...headers }, body: JSON.stringify(body) }
}

export function sendReply({ status, headers, body }: Reply, response: Response): void {
  response.status(status).set(headers).end(body)
}

const JSON_SECURITY_HEADERS = SECURITY_HEADERS.filter(([name]) => SECURITY_HEADERS_OF_JSON.has(name)).flat()

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace
  namespace Express {
    // eslint-disable-next-line @typescript-eslint/consistent-type-definitions
    interface Response {
      /** Sent as x-request-id: our own id, or the caller's if it matches REQUEST_ID. */
      requestId?: string | undefined
      /** Leaves out the headers against framing: for pages that chats open in a frame. */
      mayBeFramed?: boolean
      /** A faster `response.json`: no ETag, freshness or charset checks. */
      endJson: (status: number, value: unknown) => void
    }
  }
}

type Headers = OutgoingHttpHeaders | OutgoingHttpHeader[]

/**
 * Request and response classes with the app's prototypes: otherwise Express replaces the prototype of each object, which V8 is slow with. Every
 * response gets the security headers, whatever writes it.
 */
export function messageClasses(app: Express): {
  IncomingMessage: typeof IncomingMessage
  ServerResponse: typeof ServerResponse
} {
  class AppRequest extends IncomingMessage {}
  class AppResponse<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
    requestId?: string | undefined = undefined
    mayBeFramed?: boolean = false

    endJson(status: number, value: unknown): void {
      // Node 22 sets writableFinished when writing to a closed connection.
      if (this.destroyed) return
      const text = JSON.stringify(value)
      const own = ['content-type', JSON_TYPE, 'content-length', String(Buffer.byteLength(text))]
      const { requestId } = this
      if (requestId === undefined || this.getHeaderNames().length > 0) this.writeHead(status, own)
      else super.writeHead(status, [...own, 'x-request-id', requestId, ...JSON_SECURITY_HEADERS])
      this.end(text)
    }

    override writeHead(status: number, reason?: string | Headers, headers?: Headers): this {
      if (this.requestId !== undefined) this.setHeader('x-request-id', this.requestId)
      for (const [name, value] of SECURITY_HEADERS) {
        if (!this.hasHeader(name) && !(this.mayBeFramed === true && FRAME_HEADERS.has(name)))
          this.setHeader(name, value)
      }
      return typeof reason === 'string' ? super.writeHead(status, reason, headers) : super.writeHead(status, reason)
    }
  }
  Object.setPrototypeOf(AppRequest.prototype, app.request)
  Object.setPrototypeOf(AppResponse.prototype, app.response)
  Object.assign(app, { request: AppRequest.prototype, response: AppResponse.prototype })
  return { IncomingMessage: AppRequest, ServerResponse: AppResponse }
}

function securityHeaders(): [string, string][] {
  const protect = helmet({
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    referrerPolicy: { policy: 'no-referrer' },
  })
  const request = new IncomingMessage(new Socket())
  const response = new ServerResponse(request).setHeader('cache-control', 'no-store')
  protect(request, response, () => undefined)
  return response.getHeaderNames().map((name) => [name, String(response.getHeader(name))])
}
