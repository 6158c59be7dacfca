import { expect, test } from '@jest/globals'
import type { Side } from '../../src/simulator/shown.ts'
import {
  clickMenu,
  linkFor,
  messageTo,
  sendWithoutToken,
  startConsentGateway,
  completeFlow,
} from '../support/consent.ts'
import type { TestGateway } from '../support/gateway.ts'
import { parseJson } from '../support/requests.ts'

/** Each holds something that no later one holds, so all of them stay; the narrowest come last. */
const FOUR_GRANTS = [['seller_chats'], ['post_chats'], ['chat', 'phone'], ['chat', 'offline']]

const userOf = ({ divar }: TestGateway, side: Side) => divar.world.people[side].v2Id

async function consented(all: readonly (readonly string[])[]): Promise<TestGateway> {
  const gateway = await startConsentGateway()
  for (const scopes of all) {
    expect((await completeFlow(await linkFor(gateway, scopes, 'seller'), { side: 'seller' })).status).toBe(303)
  }
  return gateway
}

async function sendAs(gateway: TestGateway, side: Side) {
  const { world } = gateway.divar
  const body = { ...messageTo(gateway.divar), user_id: userOf(gateway, side), post_token: world.post.token }
  const { status, text } = await sendWithoutToken(gateway, body)
  return { status, code: parseJson(text)['code'] }
}

const forbid = ({ divar }: TestGateway, times: number) => {
  divar.conversation.faults.arm('403', times)
}

const tokensSeen = ({ divar }: TestGateway) => divar.received.map(({ headers }) => headers.authorization)

test('a message that one grant does not permit is sent with the next grant of the same sender', async () => {
  const gateway = await consented(FOUR_GRANTS)
  forbid(gateway, 2)
  expect(await sendAs(gateway, 'seller')).toMatchObject({ status: 200 })
  const seen = tokensSeen(gateway)
  const { grants, world } = gateway.divar
  const holding = (...scopes: string[]) => ({ scopes: expect.arrayContaining(scopes) })
  expect(seen.map((authorization) => grants.find(String(authorization).slice('Bearer '.length)))).toMatchObject([
    holding(`CONVERSATION_SEND_MESSAGE.${world.conversationId}`, 'offline_access'),
    holding(`CONVERSATION_SEND_MESSAGE.${world.conversationId}`, 'USER_PHONE'),
    holding(`CHAT_POST_CONVERSATIONS_MESSAGE_SEND.${world.post.token}`),
  ])
  // The next message starts again with the newest grant of the narrowest scope.
  expect(await sendAs(gateway, 'seller')).toMatchObject({ status: 200 })
  expect(tokensSeen(gateway)[3]).toBe(seen[0])
})

test('at most three grants are tried, then Divar’s refusal is the answer', async () => {
  const gateway = await consented(FOUR_GRANTS)
  forbid(gateway, 9)
  expect(await sendAs(gateway, 'seller')).toEqual({ status: 403, code: 'not_permitted' })
  const seen = tokensSeen(gateway)
  expect([seen.length, new Set(seen).size]).toEqual([3, 3])
})

test('a message that its only grant does not permit is answered not_permitted, without a new consent', async () => {
  const gateway = await consented([['chat', 'offline']])
  forbid(gateway, 9)
  expect(await sendAs(gateway, 'seller')).toEqual({ status: 403, code: 'not_permitted' })
  expect(tokensSeen(gateway)).toHaveLength(1)
})

test('a message that Divar does not permit is never sent as another user who has consented', async () => {
  const gateway = await consented([['chat', 'offline']])
  await completeFlow(await clickMenu(gateway, 'buyer'), { side: 'buyer' })
  forbid(gateway, 1)
  expect(await sendAs(gateway, 'seller')).toEqual({ status: 403, code: 'not_permitted' })
  expect(tokensSeen(gateway)).toHaveLength(1)
  expect(gateway.divar.conversation.snapshot().messages).toEqual([])
})
