import type { OutgoingHttpHeader, OutgoingHttpHeaders } from 'node:http'
import { Socket } from 'node:net'
import type { Express } from 'express'
import helmet from 'helmet'
import { IncomingMessage, ServerResponse } from './node-http.ts'
import { requestClass } from './request-class.ts'

/** Answers are for machines: nothing may be loaded, framed or cached. */
const protect = helmet({
  contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
  referrerPolicy: { policy: 'no-referrer' },
})

/** What helmet sets is the same for every answer, so it is asked once. */
const GUARDS: readonly [string, string][] = [...headersOfHelmet(), ['cache-control', 'no-store']]
/** The others tell a browser what a document may do, which data never is. */
const GUARDS_OF_DATA = new Set([
  'cache-control',
  'content-security-policy',
  'cross-origin-resource-policy',
  'referrer-policy',
  'strict-transport-security',
  'x-content-type-options',
])
const JSON_TYPE = 'application/json; charset=utf-8'
/** As they stand in a head. Node would check, look up and join each of them anew for each answer: 8 % of a click's instructions. */
const DATA_HEAD = [['content-type', JSON_TYPE], ...GUARDS.filter(([name]) => GUARDS_OF_DATA.has(name))]
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join('')
const FRAME_GUARDS = new Set(['content-security-policy', 'x-frame-options'])
const OTHER_NODE = 'this version of Node writes its heads in another way'
const storeHeader = storeHeaderOfNode()

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace
  namespace Express {
    // eslint-disable-next-line @typescript-eslint/consistent-type-definitions
    interface Response {
      /** Goes out with every answer, as it stands: our own, or one of a few harmless letters. */
      requestId?: string
      /** For a page or a redirect that chats open in frames. */
      mayBeFramed?: boolean
      /** Answers with data. */
      endJson: (status: number, value: unknown) => void
    }
  }
}

type Headers = OutgoingHttpHeaders | OutgoingHttpHeader[]

/** What a server makes its requests and responses of. */
export type Messages = {
  IncomingMessage: typeof IncomingMessage
  ServerResponse: typeof ServerResponse
}

/**
 * Requests and responses that are an app's from birth. Express gives each of them the app's prototype when it comes in; a change of prototype
 * makes V8 forget all that it learned of an object. Here the change is none.
 *
 * No answer leaves without the protecting headers, whoever wrote it. They are added as the head is written, at once with it: set before, each
 * would be checked, kept and looked up again.
 */
export function guardedMessages(app: Express): Messages {
  const AppRequest = requestClass()
  class AppResponse<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
    requestId?: string = ''
    mayBeFramed?: boolean = false
    /** What goes out between the status and the headers of this answer. */
    fixedHead?: string = ''
    /** Node's own. */
    declare _hasBody: boolean
    declare _send: (text: string, encoding: 'latin1' | 'utf8', onSent: null) => boolean

    /** Without what Express would ask itself before: whether it is fresh, which type, which charset. */
    endJson(status: number, value: unknown): void {
      const text = JSON.stringify(value)
      const length = Buffer.byteLength(text)
      this.writeJsonHead(status, length)
      // As a step of its own, after the others of a cohort have come as far: their writes, one after the other, fetch once what the kernel runs
      // through for each. 2 to 3 % of a click's time.
      queueMicrotask(() => {
        this.endWith(text, length)
      })
    }

    writeJsonHead(status: number, length: number): void {
      this.fixedHead = headOfData(this)
      if (this.fixedHead === '') this.setHeader('content-type', JSON_TYPE)
      // Node would leave it out for HTTP/1.0, as some proxies speak it.
      this.writeHead(status, ['content-length', String(length)])
    }

    /**
     * Hands the socket the one piece that this answer is. Node would have the socket gather what an answer ends with, and then write it all: 2 % of a
     * click's time.
     */
    endWith(text: string, length: number): void {
      const encoding = length === text.length ? 'latin1' : 'utf8'
      if (this._hasBody && !this.destroyed) this._send(text, encoding, null)
      this.end()
    }

    override writeHead(status: number, reason?: string | Headers, headers?: Headers): this {
      if (this.fixedHead === '') guard(this)
      return typeof reason === 'string' ? super.writeHead(status, reason, headers) : super.writeHead(status, reason)
    }

    /** Node writes every head by this method of its own: the status line, then the headers. */
    _storeHeader(statusLine: string, headers: unknown): void {
      Reflect.apply(storeHeader, this, [statusLine + (this.fixedHead ?? ''), headers])
    }
  }
  Object.setPrototypeOf(AppRequest.prototype, app.request)
  Object.setPrototypeOf(AppResponse.prototype, app.response)
  Object.assign(app, { request: AppRequest.prototype, response: AppResponse.prototype })
  requireGuards(new AppResponse(new AppRequest(new Socket())))
  return { IncomingMessage: AppRequest, ServerResponse: AppResponse }
}

type JsonResponse = ServerResponse & {
  writeJsonHead: (status: number, length: number) => void
  endWith: (text: string, length: number) => void
}

type Guarded = ServerResponse & { requestId?: string; mayBeFramed?: boolean }

/** Of data, all of its headers as they stand; nothing where others were set before. */
function headOfData(response: Guarded): string {
  if (response.mayBeFramed === true || response.getHeaderNames().length > 0) return ''
  const { requestId = '' } = response
  return requestId === '' ? DATA_HEAD : `x-request-id: ${requestId}\r\n${DATA_HEAD}`
}

/** Adds to the headers that are set what is not set already. */
function guard(response: Guarded): void {
  const { requestId = '', mayBeFramed = false } = response
  if (requestId !== '') response.setHeader('x-request-id', requestId)
  for (const [name, value] of GUARDS) {
    if (!response.hasHeader(name) && !(mayBeFramed && FRAME_GUARDS.has(name))) response.setHeader(name, value)
  }
}

function headersOfHelmet(): [string, string][] {
  const request = new IncomingMessage(new Socket())
  const response = new ServerResponse(request)
  protect(request, response, () => undefined)
  return response.getHeaderNames().map((name) => [name, String(response.getHeader(name))])
}

function storeHeaderOfNode() {
  const method: unknown = Reflect.get(ServerResponse.prototype, '_storeHeader')
  if (typeof method !== 'function') throw new Error(OTHER_NODE)
  return method
}

/** A start fails rather than that answers leave without their guards. */
function requireGuards(response: JsonResponse): void {
  const text = '{}'
  response.writeJsonHead(200, text.length)
  response.endWith(text, text.length)
  const head: unknown = Reflect.get(response, '_header')
  const isGuarded = typeof head === 'string' && head.includes(DATA_HEAD)
  if (!isGuarded || response.writableLength !== head.length + text.length) throw new Error(OTHER_NODE)
}
