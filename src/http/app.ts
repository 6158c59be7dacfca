import { IncomingMessage, ServerResponse, type OutgoingHttpHeader, type OutgoingHttpHeaders } from 'node:http'
import { Socket } from 'node:net'
import express, { Router, type ErrorRequestHandler, type Express, type IRouter, type RequestHandler } from 'express'
import helmet from 'helmet'
import { Fault } from '../base/fault.ts'
import type { Logger } from '../observability/log.ts'
import { answerFaults, lastResort, problemShape, logRefusalAs } from './answer-fault.ts'
import { findHeadProblem } from './request.ts'
import { openRequestLog, type RequestObserver } from './request-log.ts'

/** The routes of one listener. */
export type ListenerRoutes = {
  /** Adds the most used route directly to the app, which saves a router per request. */
  mountFirst?: (app: IRouter) => void
  routers: readonly Router[]
  /** Error handlers of paths whose errors are not RFC 9457 problems. */
  faultHandlers?: readonly { path: string | RegExp; handler: ErrorRequestHandler }[]
}

/** Express's `trust proxy` function: whether to trust the X-Forwarded-For of this proxy. The socket's own address is hop 0. */
export type TrustProxy = (proxyAddress: string, hop: number) => boolean

/** An Express app, with the classes to create its server with. */
export type App = { handle: Express; classes: MessageClasses }

/** Builds one listener's app: request log and request checks, then the routes, then the error handlers. */
export function createApp(
  { mountFirst, routers, faultHandlers = [] }: ListenerRoutes,
  { trustProxy, observer, log }: { trustProxy: TrustProxy; observer: RequestObserver; log: Logger },
): App {
  const app = express()
  const classes = messageClasses(app)
  app.disable('x-powered-by').disable('etag').set('query parser', false).set('trust proxy', trustProxy)
  const openLog = openRequestLog(log, observer)
  app.use((request, response, next) => {
    openLog(request, response)
    const why = findHeadProblem(request)
    if (why !== undefined) {
      // What follows on this connection may be smuggled.
      response.setHeader('connection', 'close')
      throw new Fault('malformed_request', why)
    }
    next()
  })
  mountFirst?.(app)
  for (const router of routers) app.use(router)
  app.use(() => {
    throw new Fault('not_found', 'path: expected one of the routes in the documentation')
  })
  for (const { path, handler } of faultHandlers) app.use(path, handler)
  app.use(answerFaults(problemShape, logRefusalAs('request.refused')), lastResort(log))
  return { handle: app, classes }
}

/** A router that takes paths exactly as they are written. */
export function createRouter(): Router {
  return Router({ caseSensitive: true, strict: true })
}

/** Refuses every method but these, e.g. `GET, HEAD`. */
export function allowMethods(allow: string): RequestHandler {
  const methods = new Set(allow.split(', '))
  return ({ method }, _response, next) => {
    if (!methods.has(method)) throw new Fault('method_not_allowed', `method: expected ${allow}`, { allow })
    next()
  }
}

/**
 * Enters `routes` on these paths only, so that its middleware, e.g. authentication, covers all its routes and leaves every other path a 404.
 * @param paths each with the methods it allows; others are refused before the middleware runs
 */
export function routesOn(paths: Readonly<Record<string, string>>, routes: Router): Router {
  const router = createRouter()
  for (const [path, allow] of Object.entries(paths)) router.all(path, allowMethods(allow), routes)
  return router
}

/** Responses are not documents: nothing may be loaded, framed or cached. */
const protect = helmet({
  contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
  referrerPolicy: { policy: 'no-referrer' },
})

/** Helmet's headers are the same for every response, so helmet runs once. */
const SECURITY_HEADERS: readonly [string, string][] = [...headersOfHelmet(), ['cache-control', 'no-store']]
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

const JSON_TYPE = 'application/json; charset=utf-8'
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

/** The classes for `createServer({ IncomingMessage, ServerResponse })`. */
export type MessageClasses = {
  IncomingMessage: typeof IncomingMessage
  ServerResponse: typeof ServerResponse
}

/**
 * Request and response classes with the app's prototypes: otherwise Express replaces the prototype of each object, which V8 is slow with. Every
 * response gets the security headers, whatever writes it.
 */
export function messageClasses(app: Express): MessageClasses {
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

function headersOfHelmet(): [string, string][] {
  const request = new IncomingMessage(new Socket())
  const response = new ServerResponse(request)
  protect(request, response, () => undefined)
  return response.getHeaderNames().map((name) => [name, String(response.getHeader(name))])
}
