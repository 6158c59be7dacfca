import { expect } from '@jest/globals'
import type { Response } from 'supertest'
import * as z from 'zod'
import type { Received } from '../../src/simulator/simulator.ts'
import type { TestGateway } from './gateway.ts'
import { parseJson, send, type Json } from './requests.ts'

export const TRIPLE = { user_id: 'u-1', post_token: 'AZf3Uqr3', peer_id: 'u-2' }
/** The smallest message of each wire. */
export const V1 = { ...TRIPLE, message: 'سلام' }
export const V2 = { conversation_id: 'c-1', message: 'سلام' }

export const V1_PATH = '/v2/open-platform/chat/conversation'
export function v2Path(encodedId: string): string {
  return `/v2/open-platform/conversations/${encodedId}/messages`
}

/** A request that came to Divar, less the trace that it is of, which is another for each. */
export function untraced(received: Received | undefined): Received | undefined {
  if (received === undefined) return undefined
  const { traceparent, ...headers } = received.headers
  expect(traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]$/)
  return { ...received, headers }
}

const accepted = z.strictObject({
  status: z.literal(200),
  message: z.literal('success'),
  id: z.string(),
  ignored: z.array(z.string()).optional(),
})

/** Sends a message that must be delivered, and gives back the one request that Divar got of it. */
export async function deliver(
  gateway: TestGateway,
  body: string | object,
  path?: string,
): Promise<{ arrived: Received; json: Json }> {
  const before = gateway.divar.received.length
  const response = await send(gateway, body, path)
  expect({ status: response.status, text: response.text }).toMatchObject({ status: 200 })
  expect(accepted.parse(JSON.parse(response.text)).id).toMatch(/^msg_[\w-]{24}$/)
  const [arrived, ...others] = gateway.divar.received.slice(before)
  expect(others).toEqual([])
  if (arrived === undefined) throw new Error('nothing arrived')
  return { arrived, json: parseJson(arrived.body) }
}

const problem = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string(),
  request_id: z.string(),
  errors: z.array(z.strictObject({ pointer: z.string(), detail: z.string() })).optional(),
})

/** The platform's numbers by HTTP status, as the contract has them. */
const PLATFORM_CODES: Readonly<Record<number, number>> = {
  ...{ 400: 3, 413: 3, 415: 3, 422: 3, 401: 16, 403: 7, 404: 5, 405: 5, 409: 10, 412: 9, 429: 8 },
  ...{ 500: 13, 501: 12, 502: 14, 503: 14, 504: 2 },
}

const platformError = z.strictObject({
  code: z.int(),
  message: z.string(),
  details: z.tuple([problem.extend({ '@type': z.literal('kenar/problem') })]),
})

/** A refusal under the platform's own paths: its shape, around our problem. */
function platformProblemOf(response: Response) {
  expect(response.headers['content-type']).toBe('application/json; charset=utf-8')
  const { code, message, details } = platformError.parse(JSON.parse(response.text))
  const [{ '@type': _, ...parsed }] = details
  expect({ code, message }).toEqual({ code: PLATFORM_CODES[response.status], message: parsed.detail })
  return parsed
}

/** Whether an answer is to a request under the platform's own paths. */
function isPlatforms({ request }: Response): boolean {
  const { url } = z.object({ url: z.string() }).parse(request)
  return /^\/(?:v\d|experimental)\/open-platform/.test(new URL(url).pathname)
}

/**
 * A refusal as RFC 9457 wants it, its members in agreement with the answer around it; under the platform's own paths within the platform's
 * error.
 */
export function problemOf(response: Response): z.infer<typeof problem> {
  if (!isPlatforms(response)) expect(response.headers['content-type']).toMatch(/^application\/problem\+json\b/)
  const parsed = isPlatforms(response) ? platformProblemOf(response) : problem.parse(JSON.parse(response.text))
  expect(parsed).toMatchObject({
    type: `/docs#${parsed.code}`,
    status: response.status,
    request_id: response.headers['x-request-id'],
  })
  return parsed
}

/** Where the faults of a refused body are, in the answer's order. */
export function pointersOf(response: Response): string[] {
  const { code, errors } = problemOf(response)
  expect({ status: response.status, code }).toEqual({ status: 400, code: 'invalid_message' })
  for (const { detail } of errors ?? []) expect(detail).toMatch(/^expected /)
  return (errors ?? []).map(({ pointer }) => pointer)
}
