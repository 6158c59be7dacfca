import express, { type Express, type Router } from 'express'
import helmet from 'helmet'
import type { Logger } from '../base/log.ts'
import { answerFaults, problemShape } from './answer-fault.ts'
import { notFound } from './endings.ts'
import { requestGuard } from './request-guard.ts'
import { unitOfWork } from './unit-of-work.ts'

/** Answers are for machines: nothing may be loaded, framed or cached. */
const headers = helmet({
  contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
  referrerPolicy: { policy: 'no-referrer' },
})

/** One side of the gateway: what every request passes, then its routes, then the end of whatever went wrong. */
export function createApp(routers: readonly Router[], log: Logger): Express {
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
  app.use(answerFaults(problemShape, 'request.refused'))
  return app
}
