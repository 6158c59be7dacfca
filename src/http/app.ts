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

/** One side of the gateway: what every request passes, then its routes, then the end of whatever went wrong. */
export function createApp({ routers, faultHandlers = [] }: Side, log: Logger): Express {
  const app = express()
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
  return app
}
