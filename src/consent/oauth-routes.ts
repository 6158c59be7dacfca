import { hash } from 'node:crypto'
import type { ErrorRequestHandler, Request, Response, Router } from 'express'
import { Fault } from '../base/fault.ts'
import { SealError } from '../base/keyring.ts'
import { describeError } from '../observability/log.ts'
import { COMPLETION_URL } from '../click/click.ts'
import type { Finished, AuthorizationFlow } from './authorization-flow.ts'
import { allowMethods, createRouter } from '../http/app.ts'
import { StoreError } from '../store/store.ts'
import { endingPage, endingStatus, PAGE_HEADERS, type Ending } from './oauth-page.ts'

const START = '/oauth/start/:id'
const CALLBACK = '/oauth/callback'
const PATHS = [START, CALLBACK]
/** The cookie's lifetime: as long as an opened link can be finished. */
const COOKIE_S = 600
/** Sent by browsers and link previews that fetch a page before the user opens it. */
const PREFETCH_HEADERS = ['sec-purpose', 'purpose', 'x-purpose', 'x-moz']
const SECRET = /^[\w-]{20,128}$/

type OauthOptions = {
  flow: Pick<AuthorizationFlow, 'open' | 'finish'>
  /** Called with the outcome of each flow that comes back from Divar. */
  onFinished: (ended: Ending | 'granted') => void
  /** False on plain http (loopback only), where browsers reject `Secure` cookies. */
  isSecure: boolean
  /** Where the page of a flow that is not known leads back to. */
  completionUrl: string
}

/** The start and the callback of the authorization flow, in the user's browser. */
export function oauthRoutes({ flow, onFinished, isSecure, completionUrl }: OauthOptions): Router {
  const router = createRouter()

  for (const path of PATHS) {
    router.all(path, allowMethods('GET, HEAD'))
    // HEAD must not open the link.
    router.head(path, (_request, response) => {
      allowFraming(response).status(200).end()
    })
    router.get(path, (request, response, next) => {
      if (!isPrefetch(request)) {
        next()
        return
      }
      response.locals.requestLog.conclude('consent.prefetch_refused')
      allowFraming(response).status(503).end()
    })
  }

  router.get(START, async (request, response) => {
    const { requestLog } = response.locals
    const { id } = request.params
    const opened = /^cns_[\w-]{24}$/.test(id) ? await flow.open(id) : undefined
    if (opened === undefined) {
      requestLog.conclude('consent.refused')
      requestLog.fields['reason'] = 'the link was never made, used up, or too old'
      end(response, 'expired', completionUrl)
      return
    }
    // The id is a secret: only its beginning is logged.
    requestLog.fields['consent_id'] = id.slice(0, 10)
    requestLog.chats = () => opened.chats
    requestLog.conclude('consent.opened')
    writeCookies(response, cookiesOf(opened.state, isSecure), opened.browser, COOKIE_S)
    redirect(response, opened.url)
  })

  router.get(CALLBACK, async (request, response) => {
    const { requestLog } = response.locals
    const query = request.url.replace(/^[^?]*\??/, '')
    const state = new URLSearchParams(query).get('state') ?? ''
    const cookies = cookiesOf(state, isSecure)
    const finished = await flow.finish(query, readCookie(request, cookies), requestLog.trace)
    requestLog.chats = () => finished.chats ?? []
    // An attempt from another browser does not end the flow.
    if (finished.kind !== 'refused' || finished.why !== 'other_browser') writeCookies(response, cookies, '', 0)
    onFinished(finished.kind === 'refused' ? finished.why : finished.kind)
    answer(finished, response, completionUrl)
  })

  return router.use(answerPageFaults(completionUrl))
}

/** The same routes where consent is not set up. */
export function noOauthRoutes(): Router {
  const router = createRouter()
  for (const path of PATHS) {
    router.all(path, allowMethods('GET, HEAD'))
    router.get(path, (_request, response) => {
      response.locals.requestLog.conclude('consent.refused')
      end(response, 'not_set_up', COMPLETION_URL)
    })
  }
  return router
}

/** Refusals that the operator should look at. */
const WARNED: ReadonlySet<Ending> = new Set(['not_answered', 'not_allowed'])

function answer(finished: Finished, response: Response, completionUrl: string): void {
  const { requestLog } = response.locals
  switch (finished.kind) {
    case 'granted':
      requestLog.fields['grant_id'] = finished.grantId
      requestLog.conclude('consent.granted')
      redirect(response, finished.landing)
      return
    case 'denied':
      requestLog.conclude('consent.denied')
      if (finished.onDenied === undefined) end(response, 'denied', finished.returnUrl)
      else redirect(response, finished.onDenied)
      return
    case 'refused':
      requestLog.fields['why'] = finished.why
      if (finished.reason !== undefined) requestLog.fields['reason'] = finished.reason
      requestLog.conclude('consent.refused', WARNED.has(finished.why) ? 'warn' : 'info')
      end(response, finished.why, finished.returnUrl ?? completionUrl, finished.retryUrl)
  }
}

function answerPageFaults(completionUrl: string): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (error instanceof Fault) {
      next(error)
      return
    }
    const { requestLog } = response.locals
    // The id is not valid percent-encoding.
    if (error instanceof URIError) {
      requestLog.conclude('consent.refused')
      end(response, 'not_found', completionUrl)
      return
    }
    const isStore = error instanceof StoreError
    Object.assign(requestLog.fields, describeError(isStore ? (error.cause ?? error) : error))
    requestLog.conclude('consent.failed', 'error')
    // An altered row stays unreadable, so a retry would not help.
    end(response, error instanceof SealError ? 'expired' : 'store_unavailable', completionUrl)
  }
}

function end(response: Response, ending: Ending, returnUrl: string, retryUrl?: string): void {
  allowFraming(response)
    .status(endingStatus(ending))
    .set(PAGE_HEADERS)
    .end(endingPage(ending, returnUrl, retryUrl))
}

function redirect(response: Response, url: string): void {
  allowFraming(response).status(303).set('location', url).end()
}

/** Allows framing, since chats open these pages in frames. Safe: they have no buttons (see `PAGE_HEADERS`). */
function allowFraming(response: Response): Response {
  response.mayBeFramed = true
  return response
}

function isPrefetch({ headers }: Request): boolean {
  return PREFETCH_HEADERS.some((name) => /prefetch|prerender|preview/i.test(String(headers[name] ?? '')))
}

type Cookie = { name: string; attributes: string }

/** One opening's cookies, so that two at once do not clash. Frames of another site need the partitioned one, which old web views drop. */
function cookiesOf(state: string, isSecure: boolean): Cookie[] {
  const name = `kenar-consent-${hash('sha256', state).slice(0, 16)}`
  if (!isSecure) return [{ name, attributes: 'SameSite=Lax' }]
  return [
    { name: `__Host-${name}`, attributes: 'SameSite=Lax; Secure' },
    { name: `__Host-${name}-framed`, attributes: 'SameSite=None; Secure; Partitioned' },
  ]
}

function writeCookies(response: Response, cookies: readonly Cookie[], value: string, seconds: number): void {
  for (const { name, attributes } of cookies) {
    response.append('set-cookie', `${name}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; ${attributes}`)
  }
}

/** Either cookie identifies the browser. Without one the value is empty. */
function readCookie({ headers }: Request, cookies: readonly Cookie[]): string {
  const pairs = (headers.cookie ?? '').split(';').map((pair) => pair.trim())
  const values = cookies.map(({ name }) => pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1))
  return values.find((value) => value !== undefined && SECRET.test(value)) ?? ''
}
