import { IncomingMessage, ServerResponse, type OutgoingHttpHeader, type OutgoingHttpHeaders } from 'node:http'
import { Socket } from 'node:net'
import type { Express } from 'express'
import helmet from 'helmet'

/** Answers are for machines: nothing may be loaded, framed or cached. */
const protect = helmet({
  contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
  referrerPolicy: { policy: 'no-referrer' },
})

/** What helmet sets is the same for every answer, so it is asked once. */
const GUARDS: readonly [string, string][] = [...headersOfHelmet(), ['cache-control', 'no-store']]
/** The others tell a browser what a document may do, which data never is; each costs a click 0.5 % of its work. */
const GUARDS_OF_DATA = new Set([
  'cache-control',
  'content-security-policy',
  'cross-origin-resource-policy',
  'referrer-policy',
  'strict-transport-security',
  'x-content-type-options',
])
const DATA_GUARDS = GUARDS.filter(([name]) => GUARDS_OF_DATA.has(name)).flat()
const FRAME_GUARDS = new Set(['content-security-policy', 'x-frame-options'])

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace
  namespace Express {
    // eslint-disable-next-line @typescript-eslint/consistent-type-definitions
    interface Response {
      /** Goes out with every answer. */
      requestId?: string
      /** For a page or a redirect that chats open in frames. */
      mayBeFramed?: boolean
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
  class AppRequest extends IncomingMessage {}
  class AppResponse<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
    requestId?: string = ''
    mayBeFramed?: boolean = false

    override writeHead(status: number, reason?: string | Headers, headers?: Headers): this {
      if (typeof reason === 'string') return super.writeHead(status, reason, guard(this, headers))
      return super.writeHead(status, guard(this, reason))
    }
  }
  Object.setPrototypeOf(AppRequest.prototype, app.request)
  Object.setPrototypeOf(AppResponse.prototype, app.response)
  Object.assign(app, { request: AppRequest.prototype, response: AppResponse.prototype })
  return { IncomingMessage: AppRequest, ServerResponse: AppResponse }
}

type Guarded = ServerResponse & { requestId?: string; mayBeFramed?: boolean }

/** Adds what is not set already: to the headers of data, which come as one list and are all there are; else to those that are set. */
function guard(response: Guarded, headers: Headers | undefined): Headers | undefined {
  const { requestId = '', mayBeFramed = false } = response
  if (Array.isArray(headers) && !mayBeFramed && response.getHeaderNames().length === 0) {
    return [...DATA_GUARDS, 'x-request-id', requestId, ...headers]
  }
  if (requestId !== '') response.setHeader('x-request-id', requestId)
  for (const [name, value] of GUARDS) {
    if (!response.hasHeader(name) && !(mayBeFramed && FRAME_GUARDS.has(name))) response.setHeader(name, value)
  }
  return headers
}

function headersOfHelmet(): [string, string][] {
  const request = new IncomingMessage(new Socket())
  const response = new ServerResponse(request)
  protect(request, response, () => undefined)
  return response.getHeaderNames().map((name) => [name, String(response.getHeader(name))])
}
