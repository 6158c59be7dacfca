import { describe, expect, test } from '@jest/globals'
import type { Misbehaviour } from '../../src/simulator/simulator.ts'
import { startTestGateway } from '../support/gateway.ts'
import { problemOf, V1, V2 } from '../support/messages.ts'
import { parseJson, send, type Json } from '../support/requests.ts'

type Case = [
  name: string,
  told: Misbehaviour,
  status: number,
  outcome: string,
  more?: { divar?: object; retryAfter?: unknown },
]

const RESTRICTED = '{"code":9,"message":"message delivery failed due to recipient\'s restriction","details":[{"x":1}]}'
const restricted = { code: 9, message: "message delivery failed due to recipient's restriction" }
const WIRES = [
  ['v1', V1],
  ['v2', V2],
] as const

function answer(status: number, body?: string, headers?: Record<string, string>): Misbehaviour {
  return { kind: 'answer', status, ...(body !== undefined && { body }), ...(headers && { headers }) }
}
function said(status: number, more: object = {}): { divar: object } {
  return { divar: { status, ...more } }
}

/** Worth repeating without fear of a second message. */
const RETRYABLE = new Set(['rate_limited', 'platform_error', 'not_sent'])

const refusals: Case[] = [
  [
    '401',
    answer(401, '{"code":16,"message":"bad token"}'),
    403,
    'token_refused',
    said(401, { code: 16, message: 'bad token' }),
  ],
  ['401 with a body of its own kind', answer(401, '<h1>no</h1>'), 403, 'token_refused', said(401)],
  [
    '403',
    answer(403, '{"code":7,"message":"no scope"}'),
    403,
    'not_permitted',
    said(403, { code: 7, message: 'no scope' }),
  ],
  ['412', answer(412, RESTRICTED), 412, 'recipient_restricted', said(412, restricted)],
  ['400', answer(400, '{"code":3,"message":"bad"}'), 422, 'rejected', said(400, { code: 3, message: 'bad' })],
  ['404 with a code in letters', answer(404, '{"code":"gone"}'), 422, 'rejected', said(404, { code: 'gone' })],
  ['409 without a body', answer(409), 422, 'rejected', said(409)],
  ['413', answer(413, '[]'), 422, 'rejected', said(413)],
  ['499', answer(499, '{"code":{},"message":5}'), 422, 'rejected', said(499)],
  ['302', answer(302, '', { location: '/' }), 422, 'rejected', said(302)],
  ['304', answer(304), 422, 'rejected', said(304)],
]

const limits: Case[] = [
  [
    '429',
    answer(429, '{"code":8,"message":"quota"}'),
    429,
    'rate_limited',
    { ...said(429, { code: 8, message: 'quota' }), retryAfter: '60' },
  ],
  [
    '429 with seconds',
    answer(429, '{}', { 'retry-after': '7' }),
    429,
    'rate_limited',
    { ...said(429), retryAfter: '7' },
  ],
  [
    '429 with a date gone by',
    answer(429, '{}', { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' }),
    429,
    'rate_limited',
    { retryAfter: '0' },
  ],
  [
    '429 with a date far off',
    answer(429, '{}', { 'retry-after': 'Fri, 31 Dec 9999 23:59:59 GMT' }),
    429,
    'rate_limited',
    { retryAfter: '86400' },
  ],
  [
    '429 with seconds without end',
    answer(429, '{}', { 'retry-after': '9'.repeat(400) }),
    429,
    'rate_limited',
    { retryAfter: expect.stringMatching(/^(60|86400)$/) },
  ],
  ['429 with words', answer(429, '{}', { 'retry-after': 'soon' }), 429, 'rate_limited', { retryAfter: '60' }],
  [
    '429 with neither seconds nor date',
    answer(429, '{}', { 'retry-after': '-1' }),
    429,
    'rate_limited',
    { retryAfter: '60' },
  ],
]

const failures: Case[] = [
  ['500', answer(500, '{"code":13,"message":"oops"}'), 502, 'platform_error', said(500, { code: 13, message: 'oops' })],
  ['501', answer(501), 502, 'platform_error', said(501)],
  ['502', answer(502, '<html>'), 502, 'platform_error', said(502)],
  ['503', answer(503), 502, 'platform_error', said(503)],
  [
    '503 with seconds',
    answer(503, '{}', { 'retry-after': '9' }),
    502,
    'platform_error',
    { ...said(503), retryAfter: '9' },
  ],
]

const unknowns: Case[] = [
  ['504', answer(504), 504, 'unknown', said(504)],
  ['505', answer(505), 504, 'unknown', said(505)],
  ['520', answer(520, '{"code":1}'), 504, 'unknown', said(520, { code: 1 })],
  ['silence', { kind: 'silence' }, 504, 'unknown'],
  ['a reset', { kind: 'reset' }, 504, 'unknown'],
  ['200, cut off', { kind: 'cut_answer', status: 200 }, 504, 'unknown'],
  ['200 without a body', answer(200), 504, 'unknown'],
  ['204', answer(204), 504, 'unknown'],
  ['200 with a page', answer(200, '<html>welcome</html>'), 504, 'unknown'],
  ['200 with a list', answer(200, '[]'), 504, 'unknown'],
  ['200 with a text', answer(200, '"success"'), 504, 'unknown'],
  ['200 with null', answer(200, 'null'), 504, 'unknown'],
  ['200 with a status in words', answer(200, '{"status":"ok"}'), 504, 'unknown'],
  ['200 with a status that is a list', answer(200, '{"status":[200]}'), 504, 'unknown'],
  ['200 with more than 64 KiB', answer(200, `{"status":200,"message":"${'x'.repeat(64 * 1024)}"}`), 504, 'unknown'],
  ['200 that says 504', answer(200, '{"status":504}'), 504, 'unknown', said(504)],
  [
    '200 with an error body',
    answer(200, '{"code":9,"message":"quota"}'),
    504,
    'unknown',
    said(200, { code: 9, message: 'quota' }),
  ],
  [
    '200 with a code beside its status',
    answer(200, '{"status":200,"code":"3"}'),
    504,
    'unknown',
    said(200, { code: '3' }),
  ],
  [
    '201 with a code in words',
    answer(201, '{"code":"UNAVAILABLE"}'),
    504,
    'unknown',
    said(201, { code: 'UNAVAILABLE' }),
  ],
  ['200 with an error', answer(200, '{"error":"upstream"}'), 504, 'unknown', said(200)],
  ['200 with an error object', answer(200, '{"error":{"code":5}}'), 504, 'unknown', said(200)],
  ['200 that says -1', answer(200, '{"status":-1}'), 504, 'unknown', said(200)],
  ['200 that says 0', answer(200, '{"status":0}'), 504, 'unknown', said(200)],
  ['200 that says 302', answer(200, '{"status":302}'), 504, 'unknown', said(200)],
]

const delivered: [string, string][] = [
  ['nothing', '{}'],
  ['another status of success', '{"status":"201"}'],
  ['no code and no error', '{"status":200,"message":"success","code":0,"error":null}'],
  ['a code of zero in letters, and an empty error', '{"code":"0","error":""}'],
]

const counted: Case[] = [
  ['403, cut off', { kind: 'cut_answer', status: 403 }, 403, 'not_permitted', said(403)],
  ['503, cut off', { kind: 'cut_answer', status: 503 }, 502, 'platform_error', said(503)],
  ['403 with more than 64 KiB', answer(403, 'x'.repeat(70_000)), 403, 'not_permitted', said(403)],
  [
    '200 that says 412',
    answer(200, `{"status":412,${RESTRICTED.slice(1)}`),
    412,
    'recipient_restricted',
    said(412, restricted),
  ],
  ['200 that says "412"', answer(200, '{"status":"412"}'), 412, 'recipient_restricted', said(412)],
  ['200 that says 400', answer(200, '{"status":400}'), 422, 'rejected', said(400)],
  ['200 that says 401', answer(200, '{"status":401}'), 403, 'token_refused', said(401)],
  [
    '200 that says 429',
    answer(200, '{"status":429}', { 'retry-after': '5' }),
    429,
    'rate_limited',
    { ...said(429), retryAfter: '5' },
  ],
  ['201 that says 503', answer(201, '{"status":503}'), 502, 'platform_error', said(503)],
]

describe.each(WIRES)('on %s, Divar', (wire, body) => {
  describe.each([
    ['refuses:', refusals],
    ['limits:', limits],
    ['fails:', failures],
    ['leaves the outcome unknown:', unknowns],
    ['determines the outcome by status alone:', counted],
  ])('%s', (_, cases) => {
    test.each(cases)('%s', async (_name, told, status, outcome, { divar, retryAfter } = {}) => {
      const gateway = await startTestGateway(told.kind === 'silence' ? { DIVAR_TIMEOUT_MS: '150' } : {})
      gateway.divar.misbehave(told)
      const response = await send(gateway, body)
      const problem = problemOf(response)
      expect(problem).toMatchObject({
        status,
        code: outcome,
        outcome,
        retryable: RETRYABLE.has(outcome),
        id: expect.stringMatching(/^msg_[\w-]{24}$/),
      })
      if (divar !== undefined) expect(problem['divar']).toEqual(divar)
      expect(response.headers['retry-after']).toEqual(retryAfter)
      const { divar_status, ...line } = await gateway.logged(`message.${outcome}`)
      expect(line).toMatchObject({ status, caller: 'orders', wire, message_id: problem['id'], code: outcome })
      expect(divar_status).toBe(divarStatus(problem))
      expect(gateway.divar.received).toHaveLength(1)
    })
  })
})

test.each(delivered)('a 200 that says %s is delivered', async (_, body) => {
  const gateway = await startTestGateway()
  gateway.divar.misbehave(answer(200, body))
  const { status, text } = await send(gateway, V1)
  expect({ status, body: parseJson(text) }).toMatchObject({ status: 200, body: { message: 'success' } })
})

function divarStatus({ divar }: Json): unknown {
  return typeof divar === 'object' && divar !== null && 'status' in divar ? divar.status : undefined
}

test('a date in Retry-After becomes a number of seconds', async () => {
  const gateway = await startTestGateway()
  const date = new Date(Date.now() + 90_000).toUTCString()
  gateway.divar.misbehave(answer(429, '{}', { 'retry-after': date }))
  const seconds = Number((await send(gateway, V1)).headers['retry-after'])
  expect(seconds).toBeGreaterThan(80)
  expect(seconds).toBeLessThanOrEqual(90)
})
