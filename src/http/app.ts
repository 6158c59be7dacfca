import { IncomingMessage, ServerResponse } from 'node:http'
import express, { type ErrorRequestHandler, type Express, type Router } from 'express'
import helmet from 'helmet'
import type { Logger } from '../base/log.ts'
import { answerFaults, lastResort, problemShape, refusedAs } from './answer-fault.ts'
import { notFound } from './endings.ts'
import { requestGuard } from './request-guard.ts'
import { unitOfWork } from './unit-of-work.ts'

/** Answers are for machines: nothing may be loaded, framed or cached. */
const headers = helmet({
  contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
  referrerPolicy: { policy: 'no-referrer' },
})

/** What one listener serves. */
export type Side = {
  routers: readonly Router[]
  /** How faults end below a path that does not speak problems. */
  faultHandlers?: readonly { path: string; handler: ErrorRequestHandler }[]
}

/** An app, and what its server makes requests and responses of. */
export type App = {
  handle: Express
  messages: { IncomingMessage: typeof IncomingMessage; ServerResponse: typeof ServerResponse }
}

/** One side of the gateway: what every request passes, then its routes, then the end of whatever went wrong. */
export function createApp({ routers, faultHandlers = [] }: Side, log: Logger): App {
  const app = express()
  const messages = bornWithPrototypesOf(app)
  app.disable('x-powered-by').disable('etag').set('query parser', false)
  app.use(unitOfWork(log))
  app.use(headers, (_request, response, next) => {
    response.setHeader('cache-control', 'no-store')
    next()
  })
  app.use(requestGuard)
  for (const router of routers) app.use(router)
  app.use(notFound)
  for (const { path, handler } of faultHandlers) app.use(path, handler)
  app.use(answerFaults(problemShape, refusedAs('request.refused')), lastResort(log))
  return { handle: app, messages }
}

/**
 * Express gives each request and each response the app's prototype when they come in. A change of prototype makes V8 forget all that it
 * learned of an object, which costs more than everything else that Express does. Here they are born with that prototype, and the
 * change is none.
 */
function bornWithPrototypesOf(app: Express): App['messages'] {
  class AppRequest extends IncomingMessage {}
  class AppResponse<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {}
  Object.setPrototypeOf(AppRequest.prototype, app.request)
  Object.setPrototypeOf(AppResponse.prototype, app.response)
  Object.assign(app, { request: AppRequest.prototype, response: AppResponse.prototype })
  return { IncomingMessage: AppRequest, ServerResponse: AppResponse }
}
