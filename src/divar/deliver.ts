import * as z from 'zod'
import { isJsonObject, parseStrictJson } from '../base/strict-json.ts'
import { writeV1, writeV2, type Address, type Message, type Sender } from '../message/message.ts'
import type { Trace } from '../observability/trace.ts'
import {
  createBreaker as createHostBreaker,
  type Breaker as HostBreaker,
  type BreakerState,
  type CallResult,
} from '../outbound/breaker.ts'
import { readRetryAfter, type Exchange, type Host, type ReplyHeaders } from '../outbound/host.ts'
import { outcomeRules, type Outcome, type PlatformError } from './outcome.ts'

const MAX_ANSWER_BYTES = 64 * 1024

export type DeliverOptions = {
  v1: { url: URL; host: Host }
  v2: { url: URL; host: Host }
  apiKey: string
  /** For one delivery, from waiting for a socket to the last byte of the answer; milliseconds. */
  timeoutMs: number
  userAgent: string
}

/** Delivers a message to Divar once. Never rejects: every end is an Outcome. */
export type Deliver = (message: Message, userToken: string, trace: Trace) => Promise<Outcome>

/** What a message is sent with: the request's own token, or a grant, which is selected at delivery. */
export type Credential = { kind: 'token'; userToken: string } | { kind: 'grant'; sender: Sender }

/** Delivers a message once, with its token or a grant. Never rejects: every end is an Outcome. */
export type DeliverBy = (message: Message, credential: Credential, trace: Trace) => Promise<Outcome>

export function createDeliver({ v1, v2, apiKey, timeoutMs, userAgent }: DeliverOptions): Deliver {
  const wires = { v1: prefixed(v1), v2: prefixed(v2) }
  return async (message, userToken, trace) => {
    const wire = wireOf(message.address)
    const { host, prefix } = wires[wire]
    const { path, token, body } = encode(message, userToken)
    const exchange = await host.send({
      path: prefix + path,
      headers: { 'content-type': 'application/json', 'user-agent': userAgent, 'x-api-key': apiKey, ...token },
      body: JSON.stringify(body),
      timeoutMs,
      maxBytes: MAX_ANSWER_BYTES,
      traced: { as: wire === 'v1' ? 'deliver v1' : 'deliver v2', trace },
    })
    return readOutcome(exchange, [apiKey, userToken])
  }
}

/** The configured URL may have a path of its own, before Divar's. */
function prefixed({ url, host }: DeliverOptions['v1']) {
  return { host, prefix: url.pathname.replace(/\/+$/, '') }
}

function encode(message: Message, userToken: string) {
  const { address } = message
  return address.kind === 'triple'
    ? {
        path: '/v2/open-platform/chat/conversation',
        token: { 'x-access-token': userToken },
        body: writeV1(message),
      }
    : {
        path: `/v2/open-platform/conversations/${encodeURIComponent(address.conversationId)}/messages`,
        token: { authorization: `Bearer ${userToken}` },
        body: writeV2(message),
      }
}

/** The wire that a message is delivered on. */
export function wireOf(address: Address): 'v1' | 'v2' {
  return address.kind === 'triple' ? 'v1' : 'v2'
}

const MAX_MESSAGE = 500

/** Both wires answer `{status, message}`. An answer with another kind of status is not Divar's. */
const answerSchema = z.compile(
  z.object({
    status: z
      .union([
        z.int(),
        z
          .string()
          .regex(/^\d{3}$/)
          .transform(Number),
      ])
      .nullish(),
    message: z.string().nullish(),
    code: z.unknown().optional(),
    error: z.unknown().optional(),
  }),
)
type Answer = z.infer<typeof answerSchema>

/** The members of a refusal, each on its own: an invalid one does not hide the other. */
const refusalSchema = z.object({
  code: z
    .union([z.number(), z.string().max(64)])
    .nullish()
    .catch(undefined),
  message: z.string().nullish().catch(undefined),
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
  const json = readJson(exchange.body)
  if (!isSuccess(exchange.status)) return readRefusal(exchange.status, json, exchange.headers, secrets)
  const answer = readAnswer(json)
  if (answer === undefined) {
    return { kind: 'unknown', cause: 'answer', reason: `unreadable answer with status ${exchange.status}` }
  }
  const status = answer.status ?? exchange.status
  if (status >= 400) return readRefusal(status, json, exchange.headers, secrets)
  if (isSuccess(status) && !namesError(answer)) return { kind: 'delivered', status }
  const divar = readPlatformError(exchange.status, json, secrets)
  return { kind: 'unknown', cause: 'answer', reason: `an error under status ${exchange.status}`, divar }
}

/** A status of success can hold an error: gRPC's `code`, or a proxy's `error`. */
function namesError({ code, error }: Answer): boolean {
  return !NO_CODE.has(code) || !NO_ERROR.has(error)
}

/** Values that mean "no error". */
const NO_CODE: ReadonlySet<unknown> = new Set([undefined, null, 0, '0'])
const NO_ERROR: ReadonlySet<unknown> = new Set([undefined, null, false, ''])

function readPlatformError(status: number, json: unknown, secrets: readonly string[]): PlatformError {
  const told = refusalSchema.safeParse(json).data
  return {
    status,
    ...(isGiven(told?.code) && { code: typeof told.code === 'string' ? quote(told.code, secrets) : told.code }),
    ...(isGiven(told?.message) && { message: quote(told.message, secrets) }),
  }
}

function readRefusal(status: number, json: unknown, headers: ReplyHeaders, secrets: readonly string[]): Outcome {
  const divar = readPlatformError(status, json, secrets)
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

function readJson(body: Buffer | undefined): unknown {
  if (body === undefined) return undefined
  try {
    return parseStrictJson(body)
  } catch {
    return undefined
  }
}

function readAnswer(json: unknown): Answer | undefined {
  return isJsonObject(json) ? answerSchema.safeParse(json).data : undefined
}

function quote(message: string, secrets: readonly string[]): string {
  const masked = secrets.reduce((text, secret) => text.replaceAll(secret, '***'), message)
  return masked.slice(0, MAX_MESSAGE).toWellFormed()
}

function isGiven<Value>(value: Value | null | undefined): value is Value {
  return value !== null && value !== undefined
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300
}

const FAILURES_IN_A_ROW = 10

/** The circuit breaker of one of Divar's hosts: a delivery that it does not let through ends as `unavailable` at once. */
export type Breaker = HostBreaker<Outcome>

export type BreakerOptions = {
  /** Called with each new state. Must not throw. */
  onChange: (state: BreakerState) => void
  failures?: number
  openMs?: number
}

export function createBreaker({ onChange, failures = FAILURES_IN_A_ROW, openMs }: BreakerOptions): Breaker {
  return createHostBreaker<Outcome>({
    failures,
    openMs,
    classify,
    refuse: (retryAfterSeconds) => ({ kind: 'unavailable', retryAfterSeconds }),
    onChange,
  })
}

function classify(outcome: Outcome): CallResult {
  const counts = outcomeRules[outcome.kind].countsForBreaker
  if (counts === 'no') return 'ignored'
  if (counts !== 'by cause') return counts
  return 'cause' in outcome ? resultOfCause[outcome.cause] : 'ignored'
}

const resultOfCause = { answer: 'success', remote: 'failure', local: 'ignored', aborted: 'ignored' } as const
