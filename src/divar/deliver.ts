import * as z from 'zod'
import { pathBelow } from '../base/address.ts'
import { compiledAtFirstUse, requiredId } from '../base/fields.ts'
import { readRetryAfter } from '../base/rate-limit.ts'
import { readJsonObject } from '../base/strict-json.ts'
import { isToBot, writeBot, writeV1, writeV2, type Address, type Message, type Sender } from '../message/message.ts'
import type { Trace } from '../observability/trace.ts'
import {
  createBreaker as createHostBreaker,
  type Breaker as HostBreaker,
  type BreakerOptions,
  type CallResult,
} from '../outbound/breaker.ts'
import type { Exchange, ReplyHeaders } from '../outbound/exchange.ts'
import type { Host } from '../outbound/host.ts'
import { maskText } from './mask.ts'
import { outcomeRules, type DivarError, type Outcome } from './outcome.ts'

const MAX_ANSWER_BYTES = 64 * 1024
const FAILURES_IN_A_ROW = 10

/** One of Divar's hosts, behind its breaker. */
export type DivarHost = { url: URL; host: Host; breaker: Breaker }

type DeliverOptions = {
  v1: DivarHost
  v2: DivarHost
  apiKey: string
  /** Timeout of one delivery, from waiting for a socket to the last byte of the answer; milliseconds. */
  timeoutMs: number
  userAgent: string
}

/** Delivers a message to Divar once. Never rejects: every end is an Outcome. */
export type Deliver = (message: Message, userToken: string | undefined, trace: Trace) => Promise<Outcome>

/** The right to send: the request's token, with the user whom it names; a grant, selected at delivery; or the app's key alone. */
export type Credential = OwnToken | { kind: 'grant'; sender: Sender } | { kind: 'app' }

type OwnToken = { kind: 'token'; userToken: string; userId?: string | undefined }

/** A request without a token needs a grant, except into a conversation of the app's bot. */
export function credentialFor({ kind }: Address, userToken: string | undefined, sender: Sender): Credential {
  if (userToken !== undefined) return { kind: 'token', userToken, userId: sender.userId }
  return kind === 'bot_conversation' ? { kind: 'app' } : { kind: 'grant', sender }
}

/** Delivers a message once, by its credential. Never rejects: every end is an Outcome. */
export type DeliverBy = (message: Message, credential: Credential, trace: Trace) => Promise<Outcome>

/** Delivers with the request's token or the app's key, or by a grant. */
export function withTokenOr(
  deliver: Deliver,
  byGrant: (message: Message, sender: Sender, trace: Trace) => Promise<Outcome>,
): DeliverBy {
  return (message, credential, trace) => {
    switch (credential.kind) {
      case 'token':
        return deliver(message, credential.userToken, trace)
      case 'app':
        return deliver(message, undefined, trace)
      case 'grant':
        return byGrant(message, credential.sender, trace)
    }
  }
}

export function createDeliver({ v1, v2, apiKey, timeoutMs, userAgent }: DeliverOptions): Deliver {
  // Bot messages go to the host of v2.
  const hosts = { v1, v2, bot: v2 }
  const deliver: Deliver = async (message, userToken, trace) => {
    const wire = wireOf(message.address)
    const { path, token, body } = encode(message, userToken)
    const { url, host } = hosts[wire]
    const exchange = await host.send({
      path: pathBelow(url, path),
      headers: { 'content-type': 'application/json', 'user-agent': userAgent, 'x-api-key': apiKey, ...token },
      body: JSON.stringify(body),
      timeoutMs,
      maxBytes: MAX_ANSWER_BYTES,
      traced: { as: `deliver ${wire}`, trace },
    })
    const secrets = userToken === undefined ? [apiKey] : [apiKey, userToken]
    return wire === 'bot' ? readBotOutcome(exchange, secrets) : readOutcome(exchange, secrets)
  }
  return (message, userToken, trace) =>
    hosts[wireOf(message.address)].breaker.run(() => deliver(message, userToken, trace))
}

/** Path, token header and body of a message, as Divar takes them. */
function encode(message: Message, userToken: string | undefined) {
  const { address } = message
  const bearer = userToken === undefined ? {} : { authorization: `Bearer ${userToken}` }
  switch (address.kind) {
    case 'triple':
      return {
        path: '/v2/open-platform/chat/conversation',
        token: userToken === undefined ? {} : { 'x-access-token': userToken },
        body: writeV1(message),
      }
    case 'conversation':
      return {
        path: `/v2/open-platform/conversations/${encodeURIComponent(address.conversationId)}/messages`,
        token: bearer,
        body: writeV2(message),
      }
    case 'bot_conversation':
      return {
        path: `/v1/open-platform/chat/bot/conversations/${encodeURIComponent(address.conversationId)}/messages`,
        token: bearer,
        body: writeBot(message),
      }
    case 'bot_user':
      return {
        path: `/v1/open-platform/chat/bot/users/${encodeURIComponent(address.userId)}/messages`,
        token: bearer,
        body: writeBot(message),
      }
  }
}

/** The API that a message is sent by: one of the two versions of the chat, or the bot's. */
export function wireOf(address: Address): 'v1' | 'v2' | 'bot' {
  if (isToBot(address)) return 'bot'
  return address.kind === 'triple' ? 'v1' : 'v2'
}

/** The circuit breaker of one of Divar's hosts: a delivery that it does not let through ends as `unavailable` at once. */
export type Breaker = HostBreaker<Outcome>

export function createBreaker(
  options: Pick<BreakerOptions<Outcome>, 'onChange' | 'openMs'> & { failures?: number },
): Breaker {
  return createHostBreaker<Outcome>({
    failures: FAILURES_IN_A_ROW,
    ...options,
    classify,
    refuse: (retryAfterSeconds) => ({ kind: 'unavailable', retryAfterSeconds }),
  })
}

function classify(outcome: Outcome): CallResult {
  const counts = outcomeRules[outcome.kind].countsForBreaker
  if (counts === 'no') return 'ignored'
  if (counts !== 'by cause') return counts
  return 'cause' in outcome ? resultOfCause[outcome.cause] : 'ignored'
}

const resultOfCause = { answer: 'success', remote: 'failure', local: 'ignored', aborted: 'ignored' } as const

/** Longest message of Divar's that is passed on to the caller, in characters. */
const MAX_MESSAGE_LENGTH = 500

const threeDigits = z
  .string()
  .regex(/^\d{3}$/)
  .transform(Number)

/** Both API versions answer `{status, message}`. An answer with another type of status is not Divar's. */
const answerSchema = z.object({
  status: z.union([z.int(), threeDigits]).nullish(),
  message: z.string().nullish(),
  code: z.unknown().optional(),
  error: z.unknown().optional(),
})
type Answer = z.infer<typeof answerSchema>
const compiledAnswer = compiledAtFirstUse(answerSchema)

/** The members of a refusal. If one is invalid, the other is still read. */
const refusalSchema = z.object({
  code: z
    .union([z.number(), z.string().max(64)])
    .optional()
    .catch(undefined),
  message: z.string().optional().catch(undefined),
})

/**
 * Reads Divar's answer, or a failed exchange, into an Outcome.
 * @param secrets masked in Divar's message, which the caller sees
 */
export function readOutcome(exchange: Exchange, secrets: readonly string[]): Outcome {
  if (exchange.kind === 'failed') {
    const { begun, cause, reason } = exchange
    return { kind: begun ? 'unknown' : 'not_sent', cause, reason }
  }
  const json = readJsonObject(exchange.body)
  if (!isSuccess(exchange.status)) return readRefusal(exchange.status, json, exchange.headers, secrets)
  const answer = compiledAnswer.safeParse(json).data
  if (answer === undefined) {
    return { kind: 'unknown', cause: 'answer', reason: `unreadable answer with status ${exchange.status}` }
  }
  const status = answer.status ?? exchange.status
  if (status >= 400) return readRefusal(status, json, exchange.headers, secrets)
  if (isSuccess(status) && !namesError(answer)) return { kind: 'delivered', status }
  const divar = readDivarError(exchange.status, json, secrets)
  return { kind: 'unknown', cause: 'answer', reason: `an error under status ${exchange.status}`, divar }
}

/** Ids from Divar that are longer, or not an id, are not passed on. */
const conversationIdSchema = z.object({ conversation_id: requiredId(128) })

/** As `readOutcome`, with the conversation that Divar names. An answer that names none still is a delivery. */
function readBotOutcome(exchange: Exchange, secrets: readonly string[]): Outcome {
  const outcome = readOutcome(exchange, secrets)
  if (outcome.kind !== 'delivered' || exchange.kind === 'failed') return outcome
  const conversationId = conversationIdSchema.safeParse(readJsonObject(exchange.body)).data?.conversation_id
  const isId = conversationId !== undefined && maskText(conversationId, secrets) === conversationId
  return isId ? { ...outcome, conversationId } : outcome
}

/** An answer with a success status can contain an error: gRPC's `code`, or a proxy's `error`. */
function namesError({ code, error }: Answer): boolean {
  return !NO_CODE.has(code) || !NO_ERROR.has(error)
}

/** Values that mean "no error". */
const NO_CODE: ReadonlySet<unknown> = new Set([undefined, null, 0, '0'])
const NO_ERROR: ReadonlySet<unknown> = new Set([undefined, null, false, ''])

function readDivarError(status: number, json: unknown, secrets: readonly string[]): DivarError {
  const { code, message } = refusalSchema.safeParse(json).data ?? {}
  return {
    status,
    ...(code !== undefined && { code: typeof code === 'string' ? quote(code, secrets) : code }),
    ...(message !== undefined && { message: quote(message, secrets) }),
  }
}

function readRefusal(status: number, json: unknown, headers: ReplyHeaders, secrets: readonly string[]): Outcome {
  const divar = readDivarError(status, json, secrets)
  const retryAfterSeconds = readRetryAfter(headers['retry-after'])
  const retryAfter = retryAfterSeconds !== undefined && { retryAfterSeconds }
  if (status === 401) return { kind: 'token_refused', divar }
  if (status === 403) return { kind: 'not_permitted', divar }
  if (status === 412) return { kind: 'recipient_restricted', divar }
  if (status === 429) return { kind: 'rate_limited', divar, ...retryAfter }
  if (status >= 500 && status <= 503) return { kind: 'platform_error', divar, ...retryAfter }
  // A gateway at Divar timed out, or an unknown status: the message may have been delivered.
  if (status >= 500) return { kind: 'unknown', cause: 'answer', reason: `status ${status}`, divar }
  return { kind: 'rejected', divar }
}

function quote(message: string, secrets: readonly string[]): string {
  return maskText(message, secrets).slice(0, MAX_MESSAGE_LENGTH).toWellFormed()
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300
}
