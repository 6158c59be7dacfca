import { Agent } from 'undici'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Fault } from '../../src/base/fault.ts'
import { parseEvent } from '../../src/event/parse-event.ts'
import { withStore } from '../support/databases.ts'
import { sendEvent, startEventReceiver } from '../support/events.ts'
import { KEYS, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { EVENT_BOT, EVENT_MESSAGE, marked } from '../support/marked-values.ts'
import { eventually } from '../support/outbox.ts'

const CANARY = 'CANARY0912'

let gateway: TestGateway
beforeAll(async () => {
  const receiver = await startEventReceiver()
  gateway = await startTestGateway(await withStore('sqlite', receiver.environment))
})

const dispatcher = new Agent({ connections: 8 })
afterAll(() => dispatcher.close())

/** The status of the answer; over kept connections, since there are many. */
async function statusOf(body: string): Promise<number> {
  const { statusCode, body: answer } = await dispatcher.request({
    origin: gateway.url,
    path: '/divar/events',
    method: 'POST',
    headers: { authorization: KEYS.identification, 'content-type': 'application/json' },
    body,
  })
  await answer.dump()
  return statusCode
}

/** Sends again, as Divar does, what a slow disk had the gateway answer 503. */
async function statusWithStore(body: string): Promise<number> {
  return eventually(async () => {
    const status = await statusOf(body)
    return status === 503 ? undefined : status
  }, 'an answer other than 503')
}

const any = fc.jsonValue({ maxDepth: 2 })
const word = fc.oneof(fc.string(), any)
const messages = fc.record(
  {
    id: word,
    conversation: fc.oneof(fc.record({ id: word, type: word, post_token: word }, { requiredKeys: [] }), any),
    sender: fc.oneof(fc.record({ side: word, type: word }, { requiredKeys: [] }), any),
    type: word,
    sent_at: fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n }).map(String), fc.double(), fc.date().map(String), any),
    text: word,
    image_data: fc.oneof(fc.record({ size_bytes: word, link: word }, { requiredKeys: [] }), any),
  },
  { requiredKeys: [] },
)
const types = ['NEW_MESSAGE', 'NEW_CHATBOT_MESSAGE', 'USER_ACCESS_REVOCATION', 'POST_UPDATE', 'PAYMENT_TRANSACTION']
const nearEvents = fc.record(
  {
    type: fc.oneof(fc.constantFrom(...types), word),
    new_message: fc.oneof(messages, any),
    new_chatbot_message: fc.oneof(messages, any),
    post_update: fc.oneof(fc.record({ type: word, post: word }), any),
    user_access_revocation: fc.oneof(fc.record({ user_id: word }), any),
    payment_transaction: any,
    metadata: any,
    meta_data: any,
  },
  { requiredKeys: ['type'] },
)

test('10,000 odd forms of an event are read, or refused as invalid', () => {
  fc.assert(
    fc.property(fc.oneof(nearEvents, any), (body) => {
      try {
        JSON.stringify(parseEvent(body))
      } catch (error) {
        if (!(error instanceof Fault && error.code === 'invalid_event')) throw error
      }
    }),
    { numRuns: 10_000 },
  )
})

test('500 odd forms of an event get 200 or 400 over HTTP', async () => {
  const bodies = fc.sample(fc.oneof({ weight: 4, arbitrary: nearEvents }, any), 500)
  const odd = new Map<number, number>()
  for (let at = 0; at < bodies.length; at += 50) {
    const statuses = await Promise.all(bodies.slice(at, at + 50).map((body) => statusWithStore(JSON.stringify(body))))
    for (const status of statuses) odd.set(status, (odd.get(status) ?? 0) + 1)
  }
  expect([...odd.keys()].toSorted()).toEqual([200, 400])
  expect(odd.get(200)).toBeGreaterThan(250)
})

test('content of no field appears in a log line, a metric or an error, even at the most verbose level', async () => {
  const refusing = await startEventReceiver(() => 400)
  const own = await startTestGateway(await withStore('sqlite', refusing.environment))
  const bodies = [...marked(CANARY, EVENT_MESSAGE), ...marked(CANARY, EVENT_BOT)]
  for (const body of bodies) {
    const response = await sendEvent(own, JSON.stringify(body))
    expect([200, 400]).toContain(response.status)
    expect(response.text).not.toContain(CANARY)
  }
  for (const text of [CANARY, `{"${CANARY}`, `{"type":"${CANARY}\\u0000"}`]) {
    const response = await sendEvent(own, text)
    expect([response.status, response.text.includes(CANARY)]).toEqual([400, false])
  }
  await own.logged('event.rejected')
  const metrics = await fetch(`${own.internalUrl}/metrics`, { headers: { 'x-api-key': KEYS.caller } })
  for (const text of [own.output(), await metrics.text()]) {
    for (const secret of [CANARY, KEYS.identification, refusing.secret, '09120000000', 'hello']) {
      expect(text).not.toContain(secret)
    }
  }
})
