import type { IncomingHttpHeaders } from 'node:http'
import type { RequestHandler, Response, Router } from 'express'
import { callerOf, readUserToken, requirePermission } from '../access/authentication.ts'
import { Fault } from '../base/fault.ts'
import { newId } from '../base/id.ts'
import { RateLimit } from '../base/rate-limit.ts'
import type { Outcome } from '../divar/outcome.ts'
import { credentialFor, type DeliverBy, wireOf } from '../divar/deliver.ts'
import {
  answerFaults,
  problemShape,
  logRefusalAs,
  PLATFORM_PREFIX,
  platformShape,
  toPlatformReply,
} from '../http/answer-fault.ts'
import { jsonReply, sendReply, type Reply } from '../http/listener.ts'
import { readJsonBody, requireNoQuery } from '../http/request.ts'
import { allowMethods, createRouter } from '../http/app.ts'
import { conversationText } from '../message/message.ts'
import { findIgnoredMembers } from '../message/ignored-members.ts'
import { parseSend, type PathAddress, type Send } from '../message/parse-message.ts'
import { requireNoTimes } from '../message/times.ts'
import type { Outbox } from '../outbox/outbox.ts'
import type { StoredSend } from '../outbox/enqueue.ts'
import type { ConsentUrls } from '../consent/consent-links.ts'
import { PLATFORM_PATHS, readPathAddress } from './platform-paths.ts'
import {
  answerRepeat,
  deliveredBody,
  faultOf,
  logSendFault,
  outcomeFields,
  queueFull,
  replyOf,
  tooManySends,
  type NotDelivered,
} from './replies.ts'
import { orOutcomeUnknown, storeFaults } from '../store/store-faults.ts'

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
type AskedSend = StoredSend & { wire: ReturnType<typeof wireOf>; ignored: readonly string[]; present: Present }

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
  const countAsSend: RequestHandler = (_request, response, next) => {
    response.locals.requestLog.subject = 'send'
    next()
  }
  const access = [countAsSend, options.requireCaller, requirePermission('send')]
  const router = createRouter()
  router.post('/messages', access, answer(unchanged))
  // Without this Express would answer OPTIONS for the route above.
  router.options('/messages', allowMethods('GET, HEAD, POST'))
  // One route each, so that metrics get its path.
  for (const { path, names } of PLATFORM_PATHS) {
    router.route(path).all(allowMethods('POST'), access).post(answer(toPlatformReply, names))
  }
  router.use(PLATFORM_PREFIX, storeFaults, answerFaults(platformShape, logSendFault))
  router.use(storeFaults, answerFaults(problemShape, logSendFault))
  return router
}

/** `pathNames`: what the path's parameter is the id of. */
type AnswerSend = (present: Present, pathNames?: PathAddress['kind']) => RequestHandler

function answerSend(options: MessageOptions): AnswerSend {
  const { deliver, findGrantProblem, consentUrls, outbox, sendsPerMinute } = options
  const rateLimit =
    sendsPerMinute === 0
      ? undefined
      : new RateLimit({ name: 'sends', perMinute: sendsPerMinute, maxKeys: MAX_LIMITED_CALLERS })

  /** Enqueues a message; answers 202 only after the commit. */
  const answerQueued = async (store: Outbox, send: AskedSend, response: Response) => {
    const { id, credential, ignored, present } = send
    const missing = credential.kind === 'grant' ? await findGrantProblem(send) : undefined
    if (missing !== undefined) {
      // A repeat gets the first response, even if the grant is gone now.
      const repeat = await store.findRepeat(send)
      if (repeat === undefined) throw faultOf(missing, send, await consentUrlFor(send))
      answerRepeat(repeat, response, present)
      return
    }
    const body = { id, state: 'queued', ...(ignored.length > 0 && { ignored }) }
    const reply = jsonReply(202, body, { location: `/messages/${id}`, 'preference-applied': 'respond-async' })
    const queued = await orOutcomeUnknown(store.enqueue(send, JSON.stringify(reply)))
    if (queued.kind === 'full') throw queueFull(queued.limit)
    if (queued.kind !== 'accepted') {
      answerRepeat(queued, response, present)
      return
    }
    response.locals.requestLog.conclude('message.queued')
    sendReply(present(reply), response)
  }

  /** Makes one attempt under an Idempotency-Key; a repeated request gets the same response. */
  const answerAttempt = async (store: Outbox, send: AskedSend, response: Response) => {
    const { requestId, trace } = response.locals.requestLog
    const attempted = await store.attemptNow(
      send,
      () => deliver(send.message, send.credential, trace),
      (outcome) => JSON.stringify(replyOf(outcome, send, send.ignored, requestId)),
    )
    if (attempted.kind === 'attempted') await answerOutcome(attempted.outcome, send, response)
    else answerRepeat(attempted, response, send.present)
  }

  const answerOutcome = async (outcome: Outcome, send: AskedSend, response: Response) => {
    const { requestLog } = response.locals
    if (outcome.kind !== 'delivered') {
      Object.assign(requestLog.fields, outcomeFields(outcome))
      const needsConsent =
        outcome.kind === 'consent_required' || (outcome.kind === 'token_refused' && send.credential.kind === 'grant')
      throw faultOf(outcome, send, needsConsent ? await consentUrlFor(send) : undefined)
    }
    requestLog.conclude('message.delivered')
    response.endJson(200, deliveredBody(outcome, send.id, send.present === toPlatformReply ? [] : send.ignored))
  }

  const consentUrlFor = ({ caller, message, sender }: AskedSend) =>
    consentUrls.forMessage(caller, message.address, sender)

  return (present, pathNames) => async (request, response) => {
    const { requestLog } = response.locals
    const caller = callerOf(response)
    requireNoQuery(request)
    const { respondAsync, idempotencyKey } = readSendPreferences(request.headers, outbox !== undefined)
    const body = await readJsonBody(request)
    const parsed = parseSend(body, pathNames && readPathAddress(request, pathNames))
    if (!respondAsync) requireNoTimes(parsed)
    const { address } = parsed.message
    const wire = wireOf(address)
    const { count, members } = findIgnoredMembers(body, wire === 'bot')
    if (count > 0) requestLog.fields['ignored'] = count
    const credential = credentialFor(address, readUserToken(request.headers), parsed.sender)
    const id = newId('msg')
    requestLog.fields['message_id'] = id
    requestLog.fields['wire'] = wire
    requestLog.chats = () => [conversationText({ address })]
    if (credential.kind === 'grant') requestLog.fields['by'] = 'grant'
    const ignored = members.map(({ pointer }) => pointer)
    const { requestId, trace } = requestLog
    const send: AskedSend = { ...parsed, id, wire, caller, credential, requestId, idempotencyKey, ignored, present }
    const limit = rateLimit?.take(caller)
    if (limit !== undefined) response.set(limit.headers)
    if (limit?.taken === false) {
      // A repeat under an Idempotency-Key sends nothing, so it is not limited.
      const repeat = await outbox?.findRepeat(send)
      if (repeat === undefined) throw tooManySends(sendsPerMinute, limit.resetsInS)
      answerRepeat(repeat, response, present)
    } else if (outbox !== undefined && respondAsync) {
      await answerQueued(outbox, send, response)
    } else if (outbox !== undefined && idempotencyKey !== undefined) {
      await answerAttempt(outbox, send, response)
    } else {
      const begunAt = performance.now()
      const outcome = await deliver(send.message, credential, trace)
      outbox?.noteOutcome(outcome, begunAt)
      await answerOutcome(outcome, send, response)
    }
  }
}

/**
 * Reads `Prefer: respond-async` and `Idempotency-Key`.
 * @throws Fault `store_required` without a store, `malformed_request` for an invalid key
 */
export function readSendPreferences(headers: IncomingHttpHeaders, hasStore: boolean) {
  const { prefer, 'idempotency-key': key } = headers
  const respondAsync = prefer !== undefined && wantsAsync(String(prefer))
  if (!hasStore && key !== undefined) throw storeRequired('Idempotency-Key')
  if (!hasStore && respondAsync) throw storeRequired('Prefer: respond-async')
  return { respondAsync, idempotencyKey: readKey(key) }
}

/** RFC 7240: a list of preferences. Terminated quoted strings are removed first: they may contain what looks like a preference. */
function wantsAsync(prefer: string): boolean {
  return prefer
    .replaceAll(QUOTED, (quoted, end) => (end === '"' ? '' : quoted))
    .split(',')
    .some((preference) => /^respond-async\s*(?:[;=]|$)/i.test(preference.trim()))
}

/** A quoted string, up to the end if it is not terminated: a match that failed there would make the time quadratic. */
const QUOTED = /"(?:[^"\\]|\\.)*("|\\?$)/gs

const MAX_KEY = 255
const keyError = `Idempotency-Key: expected 1 to ${MAX_KEY} visible ASCII characters, bare or in double quotes`

/** A structured-field string as in the IETF draft, or bare text; both give the same key. */
function readKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined
  const text = String(header).trim()
  const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(text)?.[1]
  const key = quoted?.replaceAll(/\\(["\\])/g, '$1') ?? text
  if (!/^[\x20-\x7e]+$/.test(key) || key.length > MAX_KEY || (quoted === undefined && text.startsWith('"'))) {
    throw new Fault('malformed_request', keyError)
  }
  return key
}

function storeRequired(what: string): Fault {
  return new Fault('store_required', `${what} needs a store, and this gateway runs without; send without it`)
}
