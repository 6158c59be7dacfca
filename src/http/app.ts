import express, { type ErrorRequestHandler, type Express, type IRouter, type Router } from 'express'
import type { Logger } from '../observability/log.ts'
import { answerFaults, lastResort, problemShape, refusedAs } from './answer-fault.ts'
import { notFound } from './routes.ts'
import { guardRequest } from './request-guard.ts'
import { messageClasses, type MessageClasses } from './responses.ts'
import { unitOfWork, type Watch } from './request-log.ts'

/** What one listener serves. */
export type Side = {
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
  { mountFirst, routers, faultHandlers = [] }: Side,
  { trustProxy, watch, log }: { trustProxy: TrustProxy; watch: Watch; log: Logger },
): App {
  const app = express()
  const classes = messageClasses(app)
  app.disable('x-powered-by').disable('etag').set('query parser', false).set('trust proxy', trustProxy)
  const openUnit = unitOfWork(log, watch)
  app.use((request, response, next) => {
    openUnit(request, response)
    guardRequest(request, response)
    next()
  })
  mountFirst?.(app)
  for (const router of routers) app.use(router)
  app.use(notFound)
  for (const { path, handler } of faultHandlers) app.use(path, handler)
  app.use(answerFaults(problemShape, refusedAs('request.refused')), lastResort(log))
  return { handle: app, classes }
}
