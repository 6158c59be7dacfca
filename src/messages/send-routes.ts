import type { Request, RequestHandler, Response, Router } from 'express'
import { callerOf } from '../access/authentication.ts'
import { newId } from '../base/id.ts'
import { RateLimit } from '../base/rate-limit.ts'
import type { Outcome } from '../divar/outcome.ts'
import { type Credential, type DeliverBy, wireOf } from '../divar/deliver.ts'
import {
  answerFaults,
  problemShape,
  logRefusalAs,
  type Reply,
  type LogVerdict,
  PLATFORM_PREFIX,
  platformShape,
  toPlatformReply,
} from '../http/answer-fault.ts'
import { readJsonBody, requireNoQuery } from '../http/request.ts'
import { allowMethods, createRouter } from '../http/app.ts'
import { findIgnoredMembers, parseSend, type Send } from '../message/parse-message.ts'
import type { Outbox } from '../outbox/outbox.ts'
import type { StoredSend } from '../outbox/enqueue.ts'
import type { ConsentUrls } from '../consent/consent-links.ts'
import {
  answerRepeat,
  answerSaved,
  deliveredBody,
  faultOf,
  jsonReply,
  outcomeFields,
  outcomeLevel,
  queueFull,
  tooManySends,
  type NotDelivered,
} from './replies.ts'
import { readSendPreferences, readUserToken } from './send-headers.ts'
import { orOutcomeUnknown, storeFaults } from '../store/store-faults.ts'

/** Divar's own paths, so that an SDK can use the gateway as its host. */
const PLATFORM_PATHS = [
  '/v2/open-platform/chat/conversation',
  '/v2/open-platform/conversations/:conversation_id/messages',
]

/** Errors below Divar's paths are in Divar's format, also those of unknown routes. */
export const platformFaults = {
  path: PLATFORM_PREFIX,
  handler: answerFaults(platformShape, logRefusalAs('request.refused')),
}

const MAX_LIMITED_CALLERS = 10_000

/** Converts a response of `/messages` to the form of the request's path. */
type Present = (reply: Reply) => Reply
const unchanged: Present = (reply) => reply

/** A send, and what its response needs. */
type AskedSend = StoredSend & { ignored: readonly string[]; present: Present }

export type MessageOptions = {
  requireCaller: RequestHandler
  /** Makes one attempt. */
  deliver: DeliverBy
  /** Why no grant would cover a message that is to go later; undefined when one would. */
  findGrantProblem: (send: Send) => Promise<NotDelivered | undefined>
  consentUrls: ConsentUrls
  /** Absent without a store. */
  outbox: Outbox | undefined
  /** Rate limit of each caller; 0 for none. */
  sendsPerMinute: number
}

/** Sends a message: makes one attempt and answers with its outcome, or enqueues it (`Prefer: respond-async`, with a store). */
export function messageRoutes(options: MessageOptions): Router {
  const answer = answerSend(options)
  const routes = createRouter().use(countAsSend, options.requireCaller)
  routes.post('/messages', answer(unchanged))
  // One route each, so that metrics get its path.
  for (const path of PLATFORM_PATHS) routes.post(path, answer(toPlatformReply))

  const router = createRouter()
  router.post('/messages', routes)
  // Without this Express would answer OPTIONS for the route above.
  router.options('/messages', allowMethods('GET, HEAD, POST'))
  for (const path of PLATFORM_PATHS) router.all(path, allowMethods('POST'), routes)
  router.use(PLATFORM_PREFIX, storeFaults, answerFaults(platformShape, verdictOn))
  router.use(storeFaults, answerFaults(problemShape, verdictOn))
  return router
}

const countAsSend: RequestHandler = (_request, response, next) => {
  response.locals.requestLog.subject = 'send'
  next()
}

function answerSend(options: MessageOptions): (present: Present) => RequestHandler {
  const { deliver, outbox, sendsPerMinute } = options
  const rateLimit =
    sendsPerMinute === 0
      ? undefined
      : new RateLimit({ name: 'sends', perMinute: sendsPerMinute, maxKeys: MAX_LIMITED_CALLERS })
  return (present) => async (request, response) => {
    const { requestLog } = response.locals
    const caller = callerOf(response)
    requireNoQuery(request)
    const { respondAsync, idempotencyKey } = readSendPreferences(request.headers, outbox !== undefined)
    const body = await readJsonBody(request)
    const send = parseSend(body, conversationOf(request))
    const { count, members } = findIgnoredMembers(body)
    if (count > 0) requestLog.fields['ignored'] = count
    const userToken = readUserToken(request.headers)
    const credential: Credential =
      userToken === undefined ? { kind: 'grant', sender: send.sender } : { kind: 'token', userToken }
    const id = newId('msg')
    requestLog.fields['message_id'] = id
    requestLog.fields['wire'] = wireOf(send.message.address)
    if (credential.kind === 'grant') requestLog.fields['by'] = 'grant'
    const stored: AskedSend = {
      ...send,
      id,
      caller,
      credential,
      requestId: requestLog.requestId,
      idempotencyKey,
      ignored: members.map(({ pointer }) => pointer),
      present,
    }
    const limit = rateLimit?.take(caller)
    if (limit !== undefined) response.set(limit.headers)
    if (limit?.taken === false) {
      // A repeat under an Idempotency-Key sends nothing, so it is not limited.
      const repeat = await outbox?.findRepeat(stored)
      if (repeat === undefined) throw tooManySends(sendsPerMinute, limit.resetsInS)
      answerRepeat(repeat, response, present)
      return
    }
    if (outbox === undefined || (!respondAsync && idempotencyKey === undefined)) {
      const begunAt = performance.now()
      const outcome = await deliver(send.message, credential, requestLog.trace)
      outbox?.onOutcome(outcome, begunAt)
      await answerOutcome(outcome, stored, options, response)
      return
    }
    if (respondAsync) await answerQueued(outbox, stored, options, response)
    else await answerAttempt(outbox, stored, options, response)
  }
}

/** Enqueues a message; answers 202 only after the commit. */
async function answerQueued(outbox: Outbox, send: AskedSend, options: MessageOptions, response: Response) {
  const missing = send.credential.kind === 'grant' ? await options.findGrantProblem(send) : undefined
  if (missing !== undefined) {
    // A repeat gets the first response, even if the grant is gone now.
    const repeat = await outbox.findRepeat(send)
    if (repeat === undefined) throw faultOf(missing, send.id, await consentUrlFor(send, options))
    answerRepeat(repeat, response, send.present)
    return
  }
  const body = { id: send.id, state: 'queued', ...(send.ignored.length > 0 && { ignored: send.ignored }) }
  const headers = { location: `/messages/${send.id}`, 'preference-applied': 'respond-async' }
  const reply = jsonReply(202, body, headers)
  const queued = await orOutcomeUnknown(outbox.enqueue(send, JSON.stringify(reply)))
  if (queued.kind === 'full') throw queueFull(queued.limit)
  if (queued.kind !== 'accepted') {
    answerRepeat(queued, response, send.present)
    return
  }
  response.locals.requestLog.conclude('message.queued')
  answerSaved(send.present(reply), response)
}

/** Makes one attempt under an Idempotency-Key; a repeated request gets the same response. */
async function answerAttempt(outbox: Outbox, send: AskedSend, options: MessageOptions, response: Response) {
  const { requestId, trace } = response.locals.requestLog
  const deliver = () => options.deliver(send.message, send.credential, trace)
  const attempted = await outbox.attemptNow(send, deliver, (outcome) =>
    JSON.stringify(replyOf(outcome, send, requestId)),
  )
  if (attempted.kind === 'attempted') await answerOutcome(attempted.outcome, send, options, response)
  else answerRepeat(attempted, response, send.present)
}

/** The response to save: always in the form of `/messages`. */
function replyOf(outcome: Outcome, { id, ignored }: AskedSend, requestId: string): Reply {
  return outcome.kind === 'delivered'
    ? jsonReply(200, deliveredBody(id, ignored))
    : problemShape(faultOf(outcome, id), requestId)
}

async function answerOutcome(outcome: Outcome, send: AskedSend, options: MessageOptions, response: Response) {
  const { requestLog } = response.locals
  if (outcome.kind !== 'delivered') {
    Object.assign(requestLog.fields, outcomeFields(outcome))
    const needsConsent =
      outcome.kind === 'consent_required' || (outcome.kind === 'token_refused' && send.credential.kind === 'grant')
    throw faultOf(outcome, send.id, needsConsent ? await consentUrlFor(send, options) : undefined)
  }
  requestLog.conclude('message.delivered')
  response.endJson(200, deliveredBody(send.id, send.present === toPlatformReply ? [] : send.ignored))
}

function consentUrlFor({ caller, message, sender }: StoredSend, { consentUrls }: MessageOptions) {
  return consentUrls.forMessage(caller, message.address, sender)
}

function conversationOf(request: Request): string | undefined {
  const id = request.params['conversation_id']
  return typeof id === 'string' ? id : undefined
}

/** Sends that were tried are logged by their outcome. An error is the gateway's own: nothing was tried. */
const verdictOn: LogVerdict = (code) => {
  const level = code === 'store_outcome_unknown' ? 'warn' : outcomeLevel(code)
  return level === undefined || level === 'error' ? refusedBeforeSending(code) : { event: `message.${code}`, level }
}

const refusedBeforeSending = logRefusalAs('message.refused')
