import * as z from 'zod'
import { isJsonObject, parseStrictJson } from '../base/strict-json.ts'
import type { Exchange, ReplyHeaders } from '../outbound/exchange.ts'
import type { Outcome, PlatformError } from './outcome.ts'

const MAX_RETRY_AFTER_S = 24 * 60 * 60
const MAX_MESSAGE = 500

/** Both wires answer `{status, message}`. A status that is none says that this is no answer of theirs. */
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

/** What they say of a refusal, member by member: one that is odd does not spoil the other. */
const refusalSchema = z.object({
  code: z
    .union([z.number(), z.string().max(64)])
    .nullish()
    .catch(undefined),
  message: z.string().nullish().catch(undefined),
})

/**
 * Turns Divar's answer, or its silence, into an Outcome. Validates, never trusts.
 * @param secrets masked where Divar's message repeats them: it is passed on to the caller
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
  const told = answer.status ?? exchange.status
  if (told >= 400) return readRefusal(told, json, exchange.headers, secrets)
  if (isSuccess(told) && !namesError(answer)) return { kind: 'delivered', status: told }
  const divar = readPlatformError(exchange.status, json, secrets)
  return { kind: 'unknown', cause: 'answer', reason: `an error under status ${exchange.status}`, divar }
}

/** A success can hold an error: an object of gRPC's (`code`), or one of a proxy's (`error`). */
function namesError({ code, error }: Answer): boolean {
  return !NO_CODE.has(code) || !NO_ERROR.has(error)
}

/** How "no error" is commonly written. */
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
  // A gateway of theirs timed out, or something that we have never seen: the message may have passed.
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

/** `Retry-After` in whole seconds, from its seconds or its date, within a day. */
export function readRetryAfter(header: string | string[] | undefined): number | undefined {
  const text = (Array.isArray(header) ? header[0] : header)?.trim() ?? ''
  // A date begins with its weekday; Date.parse alone would also take `-1` for one, long past.
  const date = /^[A-Z][a-z]{2,8},? /.test(text) ? Date.parse(inUtc(text)) : NaN
  const seconds = /^\d+$/.test(text) ? Number(text) : Math.ceil((date - Date.now()) / 1000)
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), MAX_RETRY_AFTER_S) : undefined
}

/** HTTP's asctime form, `Sun Nov  6 08:49:37 1994`, names no zone and is in UTC; Date.parse would take the machine's. */
function inUtc(date: string): string {
  return /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/.test(date) ? `${date} UTC` : date
}
