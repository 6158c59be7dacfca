import type { RequestHandler, Response, Router } from 'express'
import { callerOf, readUserToken, requirePermission } from '../access/authentication.ts'
import { USER_HEADER } from '../access/user-header.ts'
import { Fault } from '../base/fault.ts'
import type { ConsentUrls } from '../consent/consent-links.ts'
import { answerFaults, PLATFORM_PREFIX, platformShape } from '../http/answer-fault.ts'
import { allowMethods, createRouter } from '../http/app.ts'
import type { ScopeStyle } from '../scope/scope.ts'
import { storeFaults } from '../store/store-faults.ts'
import { scopesOf, type Credential, type MakeCall } from './call.ts'
import { nearestPath } from './nearest-operation.ts'
import { OPERATIONS, permissionsFor, type Operation } from './operations.ts'
import { badSegment, isSegment, readCall, readParameters, readUser } from './read-call.ts'
import { faultOf, logCallFault, sendAnswer } from './replies.ts'

/** Calls of one caller at once. */
const MAX_RUNNING = 16
const RUNNING_RETRY_S = 1

type PlatformOptions = {
  requireCaller: RequestHandler
  makeCall: MakeCall
  consentUrls: ConsentUrls
  /** The notation in which consent is asked for. */
  style: ScopeStyle
  /** Paths of the platform's that have routes elsewhere, in the notation of OpenAPI. */
  otherPaths: readonly string[]
}

/** Calls of Divar's operations under their own paths, with the app's key and the caller's token or a grant. */
export function platformRoutes(options: PlatformOptions): Router {
  const { requireCaller, otherPaths } = options
  const places = new Places()
  const router = createRouter()
  for (const [path, operations] of Map.groupBy(byPath(OPERATIONS), (operation) => operation.path)) {
    const route = router.route(path.replaceAll(/\{(\w+)\}/g, ':$1'))
    route.all(allowMethods(operations.map(({ method }) => method).join(', ')))
    for (const operation of operations) {
      const permissions = permissionsFor(operation).map((word) => requirePermission(word))
      const access = [nameOf(operation), requireCaller, ...permissions]
      route[methodOf(operation)](access, answerCall(operation, options, places))
    }
  }
  router.use(PLATFORM_PREFIX, ({ baseUrl, path }) => {
    if (path !== '/' && !path.slice(1).split('/').every(isSegmentOf)) throw badSegment()
    const nearest = nearestPath(baseUrl + path, otherPaths)
    throw new Fault('not_found', `path: expected one of the published operations; the nearest is ${nearest}`)
  })
  router.use(PLATFORM_PREFIX, storeFaults, answerFaults(platformShape, logCallFault))
  return router
}

/** What is written out goes before what is a parameter. */
function byPath(operations: readonly Operation[]): Operation[] {
  return operations.toSorted((one, other) => Number(one.path.includes('{')) - Number(other.path.includes('{')))
}

function methodOf({ method }: Operation) {
  return ({ GET: 'get', POST: 'post', PUT: 'put', DELETE: 'delete' } as const)[method]
}

/** Log line, metrics and spans have the operation's name: a path can hold a phone number. */
function nameOf({ name }: Operation): RequestHandler {
  return (_request, response, next) => {
    const { requestLog } = response.locals
    requestLog.subject = 'call'
    requestLog.fields['operation'] = name
    next()
  }
}

function answerCall(operation: Operation, options: PlatformOptions, places: Places): RequestHandler {
  const { makeCall, consentUrls, style } = options
  const isSafe = operation.method === 'GET'

  const consentUrlFor = (credential: Credential, caller: string) => {
    const [narrowest] = credential.kind === 'grant' ? credential.scopes : []
    return narrowest && consentUrls.forScope(caller, narrowest[style], narrowest.userId)
  }

  return async (request, response) => {
    const caller = callerOf(response)
    const release = places.take(caller)
    try {
      const userToken = readUserToken(request.headers)
      const parameters = readParameters(operation, request.params)
      const userId = readUser(operation, parameters, request)
      const credential = credentialOf(userToken, operation, () => scopesOf(operation, parameters, userId))
      logCredential(credential, response)
      const call = await readCall(operation, parameters, request)
      const outcome = await makeCall(call, credential, response.locals.requestLog.trace)
      if (outcome.kind === 'answered') {
        sendAnswer(outcome, response)
        return
      }
      const needsConsent = outcome.kind === 'consent_required' || outcome.kind === 'token_refused'
      throw faultOf(outcome, credential, isSafe, needsConsent ? await consentUrlFor(credential, caller) : undefined)
    } finally {
      release()
    }
  }
}

function credentialOf(
  userToken: string | undefined,
  { scopes }: Operation,
  grantedScopes: () => ReturnType<typeof scopesOf>,
): Credential {
  if (userToken !== undefined) return { kind: 'token', token: userToken }
  if (scopes.length === 0) return { kind: 'app' }
  const usable = grantedScopes()
  if (usable.length > 0) return { kind: 'grant', scopes: usable }
  throw new Fault(
    'user_required',
    `This operation acts for a user. Name the user in ${USER_HEADER}, or send the user's token in x-access-token or Authorization: Bearer.`,
  )
}

function logCredential({ kind }: Credential, response: Response): void {
  if (kind === 'grant') response.locals.requestLog.fields['by'] = 'grant'
}

function isSegmentOf(segment: string): boolean {
  try {
    return isSegment(decodeURIComponent(segment))
  } catch {
    return false
  }
}

/** The running calls of each caller. The callers are those of INTERNAL_API_KEYS. */
class Places {
  readonly #running = new Map<string, number>()

  /** @returns gives the place back @throws Fault `too_many_calls` */
  take(caller: string): () => void {
    const running = this.#running.get(caller) ?? 0
    if (running >= MAX_RUNNING) {
      const detail = `You have ${MAX_RUNNING} calls running, which is the limit; repeat once one has ended`
      throw new Fault('too_many_calls', detail, { retryAfter: RUNNING_RETRY_S })
    }
    this.#running.set(caller, running + 1)
    return () => {
      this.#running.set(caller, (this.#running.get(caller) ?? 1) - 1)
    }
  }
}
