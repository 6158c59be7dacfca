import type { IncomingMessage } from 'node:http'
import express, { type ErrorRequestHandler, type Express, type IRouter, type Response, type Router } from 'express'
import type { Logger } from '../observability/log.ts'
import { answerFaults, lastResort, problemShape, logRefusalAs } from './answer-fault.ts'
import { notFound } from './routes.ts'
import { messageClasses, type MessageClasses } from './responses.ts'
import { openRequestLog, type RequestObserver } from './request-log.ts'
import { Fault } from '../base/fault.ts'
import { isContradictory, valuesOf } from '../base/repeated-header.ts'

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
    guardRequest(request, response)
    next()
  })
  mountFirst?.(app)
  for (const router of routers) app.use(router)
  app.use(notFound)
  for (const { path, handler } of faultHandlers) app.use(path, handler)
  app.use(answerFaults(problemShape, logRefusalAs('request.refused')), lastResort(log))
  return { handle: app, classes }
}

const MAX_HEADERS = 100

/**
 * Refuses requests that a proxy could parse differently (request smuggling): an absolute target, a repeated `Host`, contradictory `Authorization`
 * headers, too many headers, chunked encoding before HTTP/1.1. The connection is closed, since what follows on it may be smuggled.
 * @throws Fault `malformed_request`
 */
function guardRequest(request: IncomingMessage, response: Response): void {
  const why = ambiguityOf(request)
  if (why === undefined) return
  response.setHeader('connection', 'close')
  throw new Fault('malformed_request', why)
}

function ambiguityOf({ url, rawHeaders, httpVersion, headers }: IncomingMessage): string | undefined {
  if (!url?.startsWith('/')) return 'target: expected a path that begins with /'
  if (rawHeaders.length / 2 > MAX_HEADERS) return `headers: expected at most ${MAX_HEADERS}`
  if (valuesOf('host', rawHeaders).length > 1) return 'host: expected this header once'
  if (isContradictory(valuesOf('authorization', rawHeaders))) return 'authorization: expected one value'
  // RFC 9112 section 6.1: a proxy may have framed this message differently.
  if (httpVersion !== '1.1' && headers['transfer-encoding'] !== undefined) return 'transfer-encoding: expected HTTP/1.1'
  return undefined
}
