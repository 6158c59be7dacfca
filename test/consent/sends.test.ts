import { describe, expect, test } from '@jest/globals'
import type { Simulator } from '../../src/simulator/simulator.ts'
import type { Side } from '../../src/simulator/shown.ts'
import {
  ask,
  Browser,
  clickMenu,
  messageTo,
  sendWithoutToken,
  startConsentGateway,
  completeFlow,
} from '../support/consent.ts'
import { KEYS, type TestGateway } from '../support/gateway.ts'
import { v2Path, V1_PATH } from '../support/messages.ts'
import { idOf, until } from '../support/outbox.ts'
import { parseJson } from '../support/requests.ts'

async function consented(scopes: string[], side: Side = 'buyer', wire: 'v1' | 'v2' = 'v2'): Promise<TestGateway> {
  const gateway = await startConsentGateway({ scopes })
  await completeFlow(await clickMenu(gateway, side, wire), { side })
  return gateway
}

function lastFrom({ conversation }: Simulator): unknown {
  return conversation.snapshot().messages.at(-1)?.from
}

function tripleOf({ world }: Simulator, side: Side = 'buyer') {
  const other = side === 'buyer' ? 'seller' : 'buyer'
  return { user_id: world.people[side].v1Id, post_token: world.post.token, peer_id: world.people[other].v1Id }
}

async function codeOf(gateway: TestGateway, body: object): Promise<unknown[]> {
  const { status, text } = await sendWithoutToken(gateway, body)
  return [status, parseJson(text)['code']]
}

describe('a message without a token', () => {
  test.each([
    ['v1', V1_PATH],
    ['v2', ''],
  ] as const)("is accepted on the platform's own path, as an SDK sends it, on %s", async (wire, path) => {
    const gateway = await consented(['chat', 'offline'], 'buyer', wire)
    const { divar } = gateway
    const body = wire === 'v1' ? { ...tripleOf(divar), type: 'TEXT', message: 'سلام' } : { message: 'سلام' }
    const headers = { authorization: 'Bearer ', 'x-access-token': '', 'user-agent': 'OpenAPI-Generator/1.0.0/go' }
    const sent = await sendWithoutToken(gateway, body, { path: path || v2Path(divar.world.conversationId), headers })
    expect([sent.status, parseJson(sent.text)['status']]).toEqual([200, 200])
    expect(lastFrom(divar)).toBe('buyer')
  })

  test('uses the token of the request when there is one', async () => {
    const gateway = await consented(['chat'])
    const { status } = await sendWithoutToken(gateway, messageTo(gateway.divar), {
      headers: { authorization: `Bearer ${KEYS.token}` },
    })
    expect(status).toBe(403)
    expect(gateway.divar.received.map(({ headers }) => headers.authorization)).toEqual([`Bearer ${KEYS.token}`])
  })

  test('is queued, or sent under an idempotency key, with the grant; the store holds no readable token', async () => {
    const gateway = await consented(['chat', 'offline'])
    const queued = await sendWithoutToken(gateway, messageTo(gateway.divar), { headers: { prefer: 'respond-async' } })
    expect(await until(gateway, idOf(queued), 'delivered')).toMatchObject({ attempts: [{ outcome: 'delivered' }] })
    for (let times = 0; times < 2; times += 1) {
      const headers = { 'idempotency-key': 'paid-1' }
      expect((await sendWithoutToken(gateway, messageTo(gateway.divar, 'یک'), { headers })).status).toBe(200)
    }
    expect(gateway.divar.received).toHaveLength(2)
  })
})

describe('without a grant that covers it', () => {
  test.each([{}, { prefer: 'respond-async' }, { 'idempotency-key': 'k' }])(
    'the answer is consent_required with a working link: %j',
    async (headers) => {
      const gateway = await startConsentGateway()
      const send = () => sendWithoutToken(gateway, messageTo(gateway.divar), { headers })
      const { status, text, headers: answered } = await send()
      const problem = parseJson(text)
      expect([status, problem['code'], problem['retryable']]).toEqual([403, 'consent_required', true])
      expect(answered['content-type']).toContain('application/problem+json')
      expect((await completeFlow(String(problem['consent_url']))).status).toBe(303)
      // The same request, which was not taken, now passes.
      expect((await send()).status).toBe('prefer' in headers ? 202 : 200)
    },
  )

  test('with the simulator for Divar, the link ends at its page, which leads to the two phones, also when the user denies', async () => {
    const gateway = await startConsentGateway()
    const { text } = await sendWithoutToken(gateway, messageTo(gateway.divar))
    const link = String(parseJson(text)['consent_url'])
    const completion = `${gateway.divar.url}/completion`
    const denied = await completeFlow(link, { decision: 'deny' })
    expect([denied.status, denied.body]).toEqual([403, expect.stringContaining(`href="${completion}"`)])
    expect((await new Browser().open(link)).body).toContain(`href="${completion}"`)
    const other = { ...tripleOf(gateway.divar), message: 'سلام' }
    const again = parseJson((await sendWithoutToken(gateway, other)).text)
    expect((await completeFlow(String(again['consent_url']))).location).toBe(completion)
    expect((await new Browser().open(completion)).body).toContain('<a href="/" target="_top">')
  })

  test('a grant for another chat, post or user covers nothing', async () => {
    const chat = await consented(['chat'])
    expect(await codeOf(chat, { conversation_id: 'another', message: 'x' })).toEqual([403, 'consent_required'])
    expect(await codeOf(chat, { ...tripleOf(chat.divar), message: 'x' })).toEqual([403, 'consent_required'])
    const { buyer } = chat.divar.world.people
    expect(await codeOf(chat, { ...messageTo(chat.divar), user_id: buyer.v2Id })).toEqual([200, undefined])
    expect(await codeOf(chat, { ...messageTo(chat.divar), user_id: 'somebody' })).toEqual([403, 'consent_required'])
  })

  test.each([
    [['post_chats'], 'post_token'],
    [['seller_chats'], 'user_id'],
  ] as const)('%j covers a conversation only when the message contains %s', async (scopes, names) => {
    const gateway = await consented([...scopes], 'seller')
    const { world } = gateway.divar
    expect(await codeOf(gateway, messageTo(gateway.divar))).toEqual([403, 'consent_required'])
    const named = names === 'post_token' ? { post_token: world.post.token } : { user_id: world.people.seller.v2Id }
    expect(await codeOf(gateway, { ...messageTo(gateway.divar), ...named })).toEqual([200, undefined])
    expect(lastFrom(gateway.divar)).toBe('seller')
    // Neither is the platform's, so neither is sent on.
    expect(parseJson(gateway.divar.received.at(-1)?.body ?? '')).toEqual({ message: 'سلام' })
  })
})

describe('where both sides have consented', () => {
  async function both(): Promise<TestGateway> {
    const gateway = await consented(['chat', 'offline'])
    await completeFlow(await clickMenu(gateway, 'seller'), { side: 'seller' })
    return gateway
  }

  test('a v2 message without a sender is sender_ambiguous; with one it is sent as that user', async () => {
    const gateway = await both()
    const { divar } = gateway
    expect(await codeOf(gateway, messageTo(divar))).toEqual([409, 'sender_ambiguous'])
    for (const side of ['seller', 'buyer'] as const) {
      const body = { ...messageTo(divar), user_id: divar.world.people[side].v2Id }
      expect(await codeOf(gateway, body)).toEqual([200, undefined])
      expect(lastFrom(divar)).toBe(side)
    }
  })

  test('a v1 message contains its sender and is never ambiguous', async () => {
    const gateway = await startConsentGateway()
    for (const side of ['seller', 'buyer', 'buyer'] as const) {
      const { text } = await sendWithoutToken(gateway, { ...tripleOf(gateway.divar, side), message: 'x' })
      const { consent_url: link } = parseJson(text)
      if (typeof link === 'string') await completeFlow(link, { side })
      expect(await codeOf(gateway, { ...tripleOf(gateway.divar, side), message: 'x' })).toEqual([200, undefined])
      expect(lastFrom(gateway.divar)).toBe(side)
    }
  })
})

test('a v1 link opened by the other user of the chat grants nothing, and the intended user can still consent', async () => {
  const gateway = await startConsentGateway()
  expect(await completeFlow(await clickMenu(gateway, 'buyer', 'v1'), { side: 'seller' })).toMatchObject({ status: 403 })
  const { buyer, seller } = gateway.divar.world.people
  for (const id of [buyer.v1Id, buyer.v2Id, seller.v1Id, seller.v2Id]) {
    expect(parseJson((await ask(gateway, `/grants?user_id=${encodeURIComponent(id)}`)).text)['grants']).toEqual([])
  }
  expect(await completeFlow(await clickMenu(gateway, 'buyer', 'v1'))).toMatchObject({ status: 303 })
  expect(await codeOf(gateway, { ...tripleOf(gateway.divar), message: 'x' })).toEqual([200, undefined])
})
