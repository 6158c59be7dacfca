import { createHash } from 'node:crypto'
import type { ErrorRequestHandler, Request, Response, Router } from 'express'
import { Fault } from '../base/fault.ts'
import { SealError } from '../base/keyring.ts'
import { describeError } from '../observability/log.ts'
import type { Finished, AuthorizationFlow } from './authorization-flow.ts'
import { allowMethods, createRouter } from '../http/routes.ts'
import { StoreError } from '../store/store.ts'
import { endingPage, endingStatus, PAGE_HEADERS, type Ending } from './oauth-page.ts'

const START = '/oauth/start/:id'
const CALLBACK = '/oauth/callback'
/** As long as a walk lives. */
const COOKIE_S = 600
/** What browsers and previews send when no person has opened the page yet. */
const PREFETCH_HEADERS = ['sec-purpose', 'purpose', 'x-purpose', 'x-moz']
const SECRET = /^[\w-]{20,128}$/

export type OauthOptions = {
  flow: Pick<AuthorizationFlow, 'open' | 'finish'>
  /** Told how each walk ended. */
  onFinished: (ended: Ending | 'granted') => void
  /** On plain http, which is for loopback only, browsers take no `Secure` cookie. */
  isSecure: boolean
}

/** The two steps of the consent walk that happen here, in the user's browser. */
export function oauthRoutes({ flow, onFinished, isSecure }: OauthOptions): Router {
  const router = createRouter()

  // HEAD asks what there is; it must open nothing.
  for (const path of [START, CALLBACK]) {
    router.head(path, (_request, response) => {
      unframed(response).status(200).end()
    })
  }

  for (const path of [START, CALLBACK]) {
    router.get(path, (request, response, next) => {
      if (!isPrefetch(request)) {
        next()
        return
      }
      response.locals.unit.conclude('consent.prefetch_refused')
      unframed(response).status(503).end()
    })
  }

  router.get(START, async (request, response) => {
    const { unit } = response.locals
    const { id } = request.params
    const opened = /^cns_[\w-]{24}$/.test(id) ? await flow.open(id) : ({ kind: 'not_opened' } as const)
    if (opened.kind === 'not_opened') {
      unit.conclude('consent.refused')
      unit.fields['reason'] = 'the link was never made, used up, or too old'
      end(response, 'expired')
      return
    }
    unit.fields['consent_id'] = shown(id)
    unit.conclude('consent.opened')
    writeCookies(response, opened.state, opened.browser, COOKIE_S, isSecure)
    redirect(response, opened.url)
  })

  router.get(CALLBACK, async (request, response) => {
    const { unit } = response.locals
    const query = queryOf(request)
    const state = new URLSearchParams(query).get('state') ?? ''
    const finished = await flow.finish(query, readCookies(request, state, isSecure), unit.trace)
    // What another browser tries does not end the walk.
    if (finished.kind !== 'refused' || finished.why !== 'other_browser') {
      writeCookies(response, state, '', 0, isSecure)
    }
    onFinished(finished.kind === 'refused' ? finished.why : finished.kind)
    answer(finished, response)
    if (finished.kind === 'refused' && finished.reason !== undefined) unit.fields['reason'] = finished.reason
  })

  for (const path of [START, CALLBACK]) router.all(path, allowMethods('GET, HEAD'))
  router.use(['/oauth/start', '/oauth/callback'], answerPageFaults)
  return router
}

/** Where consent is not set up, its pages say so. */
export function noOauthRoutes(): Router {
  const router = createRouter()
  for (const path of [START, CALLBACK]) {
    router.get(path, (_request, response) => {
      response.locals.unit.conclude('consent.refused')
      end(response, 'not_set_up')
    })
    router.all(path, allowMethods('GET, HEAD'))
  }
  return router
}

function answer(finished: Finished, response: Response): void {
  const { unit } = response.locals
  switch (finished.kind) {
    case 'granted':
      unit.fields['grant_id'] = finished.grantId
      unit.conclude('consent.granted')
      redirect(response, finished.landing)
      return
    case 'denied':
      unit.conclude('consent.denied')
      if (finished.onDenied === undefined) end(response, 'denied', finished.returnUrl)
      else redirect(response, finished.onDenied)
      return
    case 'refused':
      unit.fields['why'] = finished.why
      unit.conclude(
        'consent.refused',
        finished.why === 'not_answered' || finished.why === 'not_allowed' ? 'warn' : 'info',
      )
      end(response, finished.why, finished.returnUrl, finished.retryUrl)
  }
}

/** What throws here is told to a person. */
const answerPageFaults: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (error instanceof Fault) {
    next(error)
    return
  }
  const { unit } = response.locals
  // An id that is not percent-encoded as it should be.
  if (error instanceof URIError) {
    unit.conclude('consent.refused')
    end(response, 'not_found')
    return
  }
  const isStore = error instanceof StoreError
  Object.assign(unit.fields, describeError(isStore ? (error.cause ?? error) : error))
  unit.conclude('consent.failed', 'error')
  // A walk that was altered in the store will not open later either.
  end(response, error instanceof SealError ? 'expired' : 'store_unavailable')
}

function end(response: Response, ending: Ending, returnUrl?: string, retryUrl?: string): void {
  unframed(response)
    .status(endingStatus(ending))
    .set(PAGE_HEADERS)
    .end(endingPage(ending, returnUrl, retryUrl))
}

function redirect(response: Response, url: string): void {
  unframed(response).status(303).set('location', url).end()
}

/** A redirect shows nothing, and a page without buttons has nothing to steal a click for: chats open these in frames. */
function unframed(response: Response): Response {
  response.mayBeFramed = true
  return response
}

function queryOf({ url }: Request): string {
  const at = url.indexOf('?')
  return at < 0 ? '' : url.slice(at + 1)
}

function isPrefetch({ headers }: Request): boolean {
  return PREFETCH_HEADERS.some((name) => /prefetch|prerender|preview/i.test(String(headers[name] ?? '')))
}

/** Cookies for each opening, so that two at once do not take each other's. */
function cookieName(state: string, isSecure: boolean): string {
  const tag = createHash('sha256').update(state).digest('hex').slice(0, 16)
  return isSecure ? `__Host-kenar-consent-${tag}` : `kenar-consent-${tag}`
}

/** The cookie that also comes back in a frame of another site. Old web views drop it, which is why there are two. */
function framedCookieName(state: string): string {
  return `${cookieName(state, true)}-framed`
}

function writeCookies(response: Response, state: string, value: string, seconds: number, isSecure: boolean): void {
  const attributes = `Path=/; Max-Age=${seconds}; HttpOnly`
  const secure = isSecure ? '; Secure' : ''
  response.append('set-cookie', `${cookieName(state, isSecure)}=${value}; ${attributes}; SameSite=Lax${secure}`)
  if (!isSecure) return
  response.append(
    'set-cookie',
    `${framedCookieName(state)}=${value}; ${attributes}; SameSite=None; Secure; Partitioned`,
  )
}

/** Either cookie proves the browser. */
function readCookies(request: Request, state: string, isSecure: boolean): string {
  const value = readCookie(request, cookieName(state, isSecure))
  return value === '' && isSecure ? readCookie(request, framedCookieName(state)) : value
}

function readCookie({ headers }: Request, name: string): string {
  const found = (headers.cookie ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .find((pair) => pair.startsWith(`${name}=`))
  const value = found?.slice(name.length + 1) ?? ''
  return SECRET.test(value) ? value : ''
}

/** Of an id that opens something, only so much as finds it in a log. */
function shown(id: string): string {
  return id.slice(0, 10)
}
