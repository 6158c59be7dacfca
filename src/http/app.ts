import type { IncomingMessage } from 'node:http'
import express, { type ErrorRequestHandler, type Express, type IRouter, type Response, type Router } from 'express'
import type { Logger } from '../observability/log.ts'
import { answerFaults, lastResort, problemShape, logRefusalAs } from './answer-fault.ts'
import { notFound } from './routes.ts'
import { messageClasses, type MessageClasses } from './responses.ts'
import { openRequestLog, type RequestObserver } from './request-log.ts'
import { Fault } from '../base/fault.ts'
import { isContradictory, valuesOf } from '../base/repeated-header.ts'

/** What one listener serves. */
export type ListenerRoutes = {
  /** Puts the most used route first, and into the app itself: a router of its own would begin its work anew for each request. */
  mountFirst?: (app: IRouter) => void
  routers: readonly Router[]
  /** How faults end below a path that does not speak problems. */
  faultHandlers?: readonly { path: string | RegExp; handler: ErrorRequestHandler }[]
}

/** Whether a proxy is believed which address it was called from; the hop of whoever connected is 0. */
export type TrustProxy = (proxyAddress: string, hop: number) => boolean

/** An app, and the classes of its server's requests and responses. */
export type App = { handle: Express; classes: MessageClasses }

/** One side of the gateway: what every request passes, then its routes, then the end of whatever went wrong. */
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
 * Refuses what two servers in a row could read differently, before anything else looks at the request: an absolute target, a second
 * `Host`, a second `Authorization` that differs, more headers than anybody needs, chunks of a version that has none. What follows on such a connection
 * may be part of the same trick, so nothing more is read from it.
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
  // Whoever stands before us may have forwarded it by the length that it has not; RFC 9112 calls such framing faulty.
  if (httpVersion !== '1.1' && headers['transfer-encoding'] !== undefined) return 'transfer-encoding: expected HTTP/1.1'
  return undefined
}
