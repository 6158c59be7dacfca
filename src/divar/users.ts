import * as z from 'zod'
import { pathBelow } from '../base/address.ts'
import { readRetryAfter } from '../base/rate-limit.ts'
import { readJsonObject } from '../base/strict-json.ts'
import type { Logger } from '../observability/log.ts'
import type { Trace } from '../observability/trace.ts'
import type { Host } from '../outbound/host.ts'

const MAX_ANSWER_BYTES = 16 * 1024
/** What a 403 of the users endpoint means. */
const NOT_PERMITTED = 'the API key lacks the permission USER_RETRIEVE, or the token the scope USER_ID'
const PATH = '/v1/open-platform/users'

/** The user of an access token, as far as its scopes allow. */
type UserInfo = { userId?: string | undefined; phoneNumber?: string | undefined }

export type FetchedUser =
  | { kind: 'found'; user: UserInfo }
  /** 401, 403 or 429. */
  | { kind: 'refused'; status: number; retryAfter?: number }
  | { kind: 'failed'; reason: string }

/** Fetches the user of an access token from Divar. Never rejects. */
export type FetchUser = (accessToken: string, trace: Trace) => Promise<FetchedUser>

const text = z.string().min(1).max(256).optional().catch(undefined)
const answerSchema = z.object({
  user_id: text,
  phone_number: text,
  /** The phone numbers in an older form of the answer. */
  phone_numbers: z.array(z.string()).optional().catch(undefined),
})

type FetchUserOptions = {
  url: URL
  host: Host
  apiKey: string
  timeoutMs: number
  userAgent: string
  log: Logger
}

export function createFetchUser({ url, host, apiKey, timeoutMs, userAgent, log }: FetchUserOptions): FetchUser {
  const path = pathBelow(url, PATH)
  return async (accessToken, trace) => {
    const exchange = await host.send({
      method: 'GET',
      path,
      headers: { 'x-api-key': apiKey, authorization: `Bearer ${accessToken}`, 'user-agent': userAgent },
      timeoutMs,
      maxBytes: MAX_ANSWER_BYTES,
      traced: { as: 'ask user', trace },
    })
    if (exchange.kind === 'failed') return { kind: 'failed', reason: exchange.reason }
    const { status, headers, body } = exchange
    if (status === 401 || status === 403 || status === 429) {
      if (status === 403) log.warn({ event: 'users.not_permitted', reason: NOT_PERMITTED })
      const retryAfter = readRetryAfter(headers['retry-after'])
      return { kind: 'refused', status, ...(retryAfter !== undefined && { retryAfter }) }
    }
    if (status !== 200) return { kind: 'failed', reason: `status ${status}` }
    const user = readUser(body)
    return user ? { kind: 'found', user } : { kind: 'failed', reason: 'unreadable answer' }
  }
}

function readUser(body: Buffer | undefined): UserInfo | undefined {
  const answer = answerSchema.safeParse(readJsonObject(body)).data
  return answer && { userId: answer.user_id, phoneNumber: answer.phone_number ?? answer.phone_numbers?.[0] }
}
