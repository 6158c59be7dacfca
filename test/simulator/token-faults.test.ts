import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import * as z from 'zod'
import { startSimulator, type Simulator } from '../../src/simulator/simulator.ts'
import type { FaultName } from '../../src/simulator/shown.ts'

const CALLBACK = 'http://127.0.0.1:9/callback'
const CLIENT = { client_id: 'app', client_secret: 'secret', redirect_uri: CALLBACK }
const tokens = z.looseObject({ access_token: z.string(), refresh_token: z.string().optional(), scope: z.string() })
const CHAT = 'CHAT_POST_CONVERSATIONS_MESSAGE_SEND.AZf3Uqr3'

let simulator: Simulator
beforeAll(async () => {
  simulator = await startSimulator({ apiKey: 'key', checks: 'strict', app: { slug: 'app', clientSecret: 'secret' } })
})
beforeEach(() => {
  simulator.conversation.reset()
})
afterAll(() => simulator.close())

async function ask(fields: Record<string, string>) {
  const answer = await fetch(`${simulator.url}/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams({ ...CLIENT, ...fields }),
  })
  return tokens.parse(await answer.json())
}

const exchange = (scopes = [CHAT, 'USER_ID', 'offline_access']) =>
  ask({
    grant_type: 'authorization_code',
    code: simulator.grants.issueCode({ side: 'seller', scopes }, CALLBACK, undefined),
  })
const refresh = (refreshToken = '') => ask({ grant_type: 'refresh_token', refresh_token: refreshToken })
const arm = (fault: FaultName) => {
  simulator.conversation.faults.arm(fault, 1)
}
const sendWith = async (token: string) => {
  const { conversationId } = simulator.world
  const answer = await fetch(`${simulator.url}/v2/open-platform/conversations/${conversationId}/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': 'key', authorization: `Bearer ${token}` },
    body: '{"message":"x"}',
  })
  return answer.status
}

test('partial_scopes grants everything requested but the chat, and the token cannot write there', async () => {
  arm('partial_scopes')
  const { access_token, scope } = await exchange()
  expect([scope, await sendWith(access_token)]).toEqual(['USER_ID offline_access', 403])
})

test('foreign_scopes grants a chat other than the requested one', async () => {
  arm('foreign_scopes')
  const { access_token, scope } = await exchange()
  expect(scope).toBe('USER_ID offline_access CONVERSATION_SEND_MESSAGE.another-conversation')
  expect(await sendWith(access_token)).toBe(403)
})

test('no_refresh_token omits the refresh token, at an exchange and at a refresh', async () => {
  const { refresh_token } = await exchange()
  simulator.conversation.faults.arm('no_refresh_token', 2)
  expect(await refresh(refresh_token)).not.toHaveProperty('refresh_token')
  expect(await exchange()).not.toHaveProperty('refresh_token')
})

test('new_token_refused refuses only the refreshed access token; the previous one still works', async () => {
  const former = await exchange()
  arm('new_token_refused')
  const fresh = await refresh(former.refresh_token)
  expect([await sendWith(fresh.access_token), await sendWith(former.access_token)]).toEqual([401, 200])
  const { timeline } = simulator.conversation.snapshot()
  expect(timeline.filter(({ kind }) => kind === 'token').map(({ outcome }) => outcome)).toEqual(['ok', 'faulted'])
})
