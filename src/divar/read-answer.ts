import * as z from 'zod'
import { isJsonObject, parseStrictJson } from '../base/strict-json.ts'
import type { Exchange, ReplyHeaders } from '../outbound/exchange.ts'
import type { Outcome, PlatformError } from './outcome.ts'

const MAX_RETRY_AFTER_S = 24 * 60 * 60
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

/** `Retry-After` in whole seconds, from seconds or a date, at most a day; undefined when it is neither. */
export function readRetryAfter(header: string | string[] | undefined): number | undefined {
  const text = (Array.isArray(header) ? header[0] : header)?.trim() ?? ''
  // A date begins with its weekday; Date.parse would also accept `-1`.
  const date = /^[A-Z][a-z]{2,8},? /.test(text) ? Date.parse(inUtc(text)) : NaN
  const seconds = /^\d+$/.test(text) ? Number(text) : Math.ceil((date - Date.now()) / 1000)
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), MAX_RETRY_AFTER_S) : undefined
}

/** The asctime form, `Sun Nov  6 08:49:37 1994`, is in UTC; Date.parse would use the machine's time zone. */
function inUtc(date: string): string {
  return /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/.test(date) ? `${date} UTC` : date
}
