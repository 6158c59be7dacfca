import { beforeAll, describe, expect, test } from '@jest/globals'
import supertest from 'supertest'
import { DATABASES, withStore } from '../support/databases.ts'
import { KEYS, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { problemOf, V1, V2 } from '../support/messages.ts'
import {
  answer,
  ask,
  FAST_RETRIES,
  BILLING,
  idOf,
  listMessages,
  post,
  queue,
  chatMessage,
  getMessage,
  startOn,
  hasAttempts,
  TWO_CALLERS,
  until,
} from '../support/outbox.ts'

const LATER = answer(503, '{"code":14}', { 'retry-after': '60' })

describe.each(DATABASES)('on %s', (kind) => {
  let gateway: TestGateway
  const ids = { delivered: '', rejected: '', queued: '', behind: '', keyed: '', ofAnother: '' }
  beforeAll(async () => {
    gateway = await startTestGateway(await withStore(kind, { INTERNAL_API_KEYS: TWO_CALLERS }))
    ids.delivered = await queue(gateway, V1)
    await until(gateway, ids.delivered, 'delivered')
    gateway.divar.misbehave(answer(412, '{"code":9,"message":"words of Divar"}'))
    ids.rejected = await queue(gateway, V2)
    await until(gateway, ids.rejected, 'rejected')
    gateway.divar.misbehave(LATER)
    ids.queued = await queue(gateway, chatMessage('c-2', 'waits for Divar'))
    await until(gateway, ids.queued, 'queued', hasAttempts(1))
    ids.behind = await queue(gateway, chatMessage('c-2', 'waits in line'))
    const keyed = await post(gateway, V2, { 'idempotency-key': 'k-1' })
    ids.keyed = idOf(keyed)
    ids.ofAnother = await queue(gateway, V2, { 'x-api-key': BILLING })
  })

  describe('GET /messages/:id', () => {
    test('shows when a delivered message was accepted and finished, and its attempt; its content is wiped', async () => {
      const message = await getMessage(gateway, ids.delivered)
      expect(message).toMatchObject({ id: ids.delivered, state: 'delivered', wire: 'v1', wiped: true })
      expect(message).toMatchObject({ last_error: null, next_attempt_at: null, attempts: [{ number: 1, status: 200 }] })
      const [attempt] = message.attempts
      for (const end of [attempt?.ended_at, message.finished_at]) {
        const times = [message.created_at, attempt?.at, end].map(String)
        expect(times).toEqual([...times].sort())
      }
    })

    test("shows a rejected message with Divar's code, without Divar's text", async () => {
      const response = await ask(gateway, `/messages/${ids.rejected}`)
      expect(response.text).not.toContain('words')
      const message = await getMessage(gateway, ids.rejected)
      expect(message).toMatchObject({ state: 'rejected', wire: 'v2', wiped: false, next_attempt_at: null })
      expect(message.last_error).toMatchObject({ outcome: 'recipient_restricted', status: 412, code: '9' })
      expect(message.last_error).toEqual(message.attempts[0])
    })

    test('shows a queued message with the time of its next attempt, and none for a message behind it', async () => {
      const queued = await getMessage(gateway, ids.queued)
      expect(queued).toMatchObject({ state: 'queued', finished_at: null, wiped: false, last_error: { code: '14' } })
      expect(Date.parse(String(queued.next_attempt_at))).toBeGreaterThan(Date.now() + 30_000)
      expect(await getMessage(gateway, ids.behind)).toMatchObject({
        state: 'queued',
        next_attempt_at: null,
        attempts: [],
      })
    })

    test('shows a message that is being sent, with the previous error', async () => {
      const own = await startOn(await withStore(kind, FAST_RETRIES))
      own.divar.misbehave(answer(500))
      own.divar.misbehave({ kind: 'silence' })
      const message = await until(own, await queue(own, V2), 'sending', ({ attempts }) => attempts.length === 2)
      expect(message).toMatchObject({ next_attempt_at: null, last_error: { number: 1, outcome: 'platform_error' } })
      expect(message.attempts[1]).toMatchObject({ number: 2, ended_at: null, outcome: null })
    })

    test('shows a message that was sent with an idempotency key', async () => {
      expect(await getMessage(gateway, ids.keyed)).toMatchObject({ state: 'delivered', attempts: [{ number: 1 }] })
    })

    test("is 404 for another caller's message, as for one that does not exist", async () => {
      const paths = [
        ids.ofAnother,
        'msg_000000000000000000000000',
        'x',
        '%00',
        'a%2Fb',
        '%F0%9F%91%8B',
        'x'.repeat(5000),
      ]
      for (const path of paths) {
        const problem = problemOf(await ask(gateway, `/messages/${path}`))
        expect(problem).toMatchObject({ status: 404, code: 'not_found' })
        expect(problem.detail).toBe('id: expected that of a message that you sent and that is still kept')
        for (const what of ['retry', 'cancel']) {
          const response = await supertest(gateway.url).post(`/messages/${path}/${what}`).set('x-api-key', KEYS.caller)
          expect(problemOf(response)).toMatchObject({ status: 404, code: 'not_found' })
        }
      }
      expect((await ask(gateway, `/messages/${ids.ofAnother}`, BILLING)).status).toBe(200)
    })

    test('is 400 for a malformed path', async () => {
      expect(problemOf(await ask(gateway, '/messages/%E0%A4%A'))).toMatchObject({
        status: 400,
        code: 'malformed_request',
      })
    })
  })

  describe('GET /messages', () => {
    test("lists the caller's own messages, the newest first", async () => {
      const { messages, next_cursor } = await listMessages(gateway)
      expect(messages.map(({ id }) => id)).toEqual([ids.keyed, ids.behind, ids.queued, ids.rejected, ids.delivered])
      expect(messages[3]).toEqual(await getMessage(gateway, ids.rejected))
      expect(next_cursor).toBeNull()
      await until({ internalUrl: gateway.internalUrl }, ids.keyed, 'delivered')
      expect((await listMessages(gateway, '', BILLING)).messages.map(({ id }) => id)).toEqual([ids.ofAnother])
    })

    test.each([
      ['delivered', [5, 1]],
      ['rejected', [2]],
      ['queued', [4, 3]],
      ['sending', []],
      ['failed', []],
      ['unknown', []],
      ['cancelled', []],
    ])('state=%s', async (state, expected) => {
      const order = ['', ids.delivered, ids.rejected, ids.queued, ids.behind, ids.keyed]
      const { messages } = await listMessages(gateway, `?state=${state}`)
      expect(messages.map(({ id }) => id)).toEqual(expected.map((index) => order[index]))
    })

    test('has pages without gaps or repetitions, even while messages are added', async () => {
      const own = await startOn(await withStore(kind))
      const sent: string[] = []
      const send = async () => {
        sent.unshift(await queue(own, V2))
      }
      for (let count = 0; count < 5; count += 1) await send()
      const first = await listMessages(own, '?limit=2')
      await send()
      const second = await listMessages(own, `?limit=2&cursor=${first.next_cursor}`)
      const third = await listMessages(own, `?limit=2&cursor=${second.next_cursor}`)
      const pages = [first, second, third].map(({ messages }) => messages.map(({ id }) => id))
      expect(pages).toEqual([sent.slice(1, 3), sent.slice(3, 5), sent.slice(5)])
      expect(third.next_cursor).toBeNull()
      expect((await listMessages(own, '?limit=6')).next_cursor).toBeNull()
    })

    test.each([
      ['state=sent', /^state: expected one of queued, sending, delivered/],
      ['state=DELIVERED', /^state: /],
      ['state=', /^state: expected one value that is not empty$/],
      ['limit=0', /^limit: expected 1 to 200$/],
      ['limit=201', /^limit: expected 1 to 200$/],
      ['limit=-1', /^limit: /],
      ['limit=1e2', /^limit: /],
      ['cursor=x', /^cursor: expected a next_cursor of an earlier page$/],
      ['cursor=%00&state=x&limit=x', /^state: .*; cursor: .*; limit: /],
      [`cursor=${Buffer.from('before 9999999999999999').toString('base64url')}`, /^cursor: /],
    ])('400: %s', async (filter, detail) => {
      const problem = problemOf(await ask(gateway, `/messages?${filter}`))
      expect(problem).toMatchObject({ status: 400, code: 'malformed_request', detail: expect.stringMatching(detail) })
    })
  })

  test('HEAD answers like GET, without a body', async () => {
    for (const path of ['/messages', `/messages/${ids.delivered}`]) {
      const response = await supertest(gateway.url).head(path).set('x-api-key', KEYS.caller)
      expect(response.status).toBe(200)
      expect(response.text).toBeUndefined()
    }
    expect((await supertest(gateway.url).head('/messages/x').set('x-api-key', KEYS.caller)).status).toBe(404)
  })

  test('other methods get 405, an unknown caller 401', async () => {
    const routes = [
      ['/messages', 'GET, HEAD, POST', ['put', 'delete', 'patch', 'options']],
      [`/messages/${ids.delivered}`, 'GET, HEAD', ['post', 'put', 'delete', 'patch', 'options']],
      [`/messages/${ids.delivered}/retry`, 'POST', ['get', 'put', 'options']],
      [`/messages/${ids.delivered}/cancel`, 'POST', ['get', 'put', 'options']],
    ] as const
    for (const [path, allow, methods] of routes) {
      for (const method of methods) {
        const response = await supertest(gateway.url)[method](path).set('x-api-key', KEYS.caller)
        expect(problemOf(response)).toMatchObject({ status: 405, code: 'method_not_allowed' })
        expect(response.headers['allow']).toBe(allow)
      }
    }
    for (const path of ['/messages', `/messages/${ids.delivered}`]) {
      expect(problemOf(await ask(gateway, path, 'wrong'))).toMatchObject({ status: 401, code: 'api_key_refused' })
    }
    for (const what of ['retry', 'cancel']) {
      const response = await supertest(gateway.url).post(`/messages/${ids.queued}/${what}`)
      expect(problemOf(response)).toMatchObject({ status: 401, code: 'api_key_refused' })
    }
  })
})
