import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createHash } from 'node:crypto'
import * as z from 'zod'
import { startSimulator, type Simulator } from '../../src/simulator/simulator.ts'

/** What a strict server refuses; each row names where that is said, or that it is inferred. */
const CALLBACK = 'http://127.0.0.1:9/callback'
const VERIFIER = 'v'.repeat(43)
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url')
const CLIENT = { client_id: 'app', client_secret: 'secret', redirect_uri: CALLBACK }
const AUTHORIZE = {
  client_id: 'app',
  redirect_uri: CALLBACK,
  response_type: 'code',
  scope: 'USER_ID',
  state: '0123456789abcdef',
}

let simulator: Simulator
beforeAll(async () => {
  simulator = await startSimulator({
    apiKey: 'key',
    checks: 'strict',
    app: { slug: 'app', clientSecret: 'secret', redirectUris: [CALLBACK] },
    tokens: [{ accessToken: 'token', side: 'seller', scopes: ['CHAT_SUPPLIER_ALL_CONVERSATIONS_MESSAGE_SEND'] }],
  })
})
afterAll(() => simulator.close())

const RFC6749 = 'RFC 6749'
const RFC7636 = 'RFC 7636'
const RFC9700 = 'RFC 9700, 2.1.1'
const RFC8259 = 'RFC 8259'
const DOCUMENTED = 'documented'
const INFERRED = 'inferred'

async function authorize(query: string): Promise<string> {
  const answer = await fetch(`${simulator.url}/oauth2/auth?${query}`, { redirect: 'manual' })
  const back = answer.headers.get('location')
  return back === null ? String(answer.status) : (new URL(back).searchParams.get('error') ?? 'no error')
}
const authorizeWith = (change: Record<string, string>) =>
  authorize(new URLSearchParams({ ...AUTHORIZE, ...change }).toString())

describe('a strict authorization server refuses', () => {
  test.each<[string, string, Record<string, string>, string]>([
    ['a scope with trailing characters', DOCUMENTED, { scope: 'CHAT_MESSAGE_SEND=abc' }, 'invalid_scope'],
    ['an empty resource', DOCUMENTED, { scope: 'CHAT_MESSAGE_SEND.' }, 'invalid_scope'],
    ['a separator without a resource', DOCUMENTED, { scope: 'USER_PHONE.' }, 'invalid_scope'],
    ['a resource on a scope that has none', DOCUMENTED, { scope: 'USER_PHONE.09120000001' }, 'invalid_scope'],
    ['a scope without its resource', DOCUMENTED, { scope: 'POST_ADDON_CREATE' }, 'invalid_scope'],
    ['an unpublished scope', DOCUMENTED, { scope: 'USER_ID SOMETHING_ELSE' }, 'invalid_scope'],
    ['a scope in lower case', `${RFC6749}, 3.3`, { scope: 'user_id' }, 'invalid_scope'],
    ['scopes separated by tabs', `${RFC6749}, 3.3`, { scope: 'USER_ID\tUSER_PHONE' }, 'invalid_scope'],
    ['a quotation mark in a scope', `${RFC6749}, 3.3`, { scope: 'CHAT_MESSAGE_SEND."' }, 'invalid_scope'],
    ['no scope', INFERRED, { scope: '' }, 'invalid_scope'],
    ['another response type', `${RFC6749}, 3.1.1`, { response_type: 'token' }, 'unsupported_response_type'],
    ['a challenge that is too short', `${RFC7636}, 4.2`, challenge('abc'), 'invalid_request'],
    ['a plain challenge', INFERRED, { code_challenge: CHALLENGE }, 'invalid_request'],
    ['a method without a challenge', INFERRED, { code_challenge_method: 'S256' }, 'invalid_request'],
    ['an unregistered address', DOCUMENTED, { redirect_uri: 'http://127.0.0.1:9/other' }, '400'],
    ['an address with a query', DOCUMENTED, { redirect_uri: `${CALLBACK}?a=b` }, '400'],
    ['an address with a fragment', `${RFC6749}, 3.1.2`, { redirect_uri: `${CALLBACK}#a` }, '400'],
    ['another client', `${RFC6749}, 3.1`, { client_id: 'other' }, '400'],
    ['no state', DOCUMENTED, { state: '' }, '400'],
    ['a NUL', INFERRED, { state: '01234567\0' }, '400'],
  ])('%s (%s)', async (_, __, change, refusal) => {
    expect(await authorizeWith(change)).toBe(refusal)
  })

  test.each<[string, string, string]>([
    ['scope', 'scope=USER_PHONE', 'invalid_request'],
    ['state', 'state=fedcba9876543210', 'invalid_request'],
    ['client_id', 'client_id=app', '400'],
    ['redirect_uri', `redirect_uri=${encodeURIComponent(CALLBACK)}`, '400'],
  ])('%s twice (RFC 6749, 3.1)', async (_, more, refusal) => {
    expect(await authorize(`${new URLSearchParams(AUTHORIZE).toString()}&${more}`)).toBe(refusal)
  })

  test('bytes that are not UTF-8 (RFC 6749, appendix B)', async () => {
    expect(await authorize(`${new URLSearchParams(AUTHORIZE).toString()}&lang=%ff`)).toBe('400')
  })
})

function challenge(code_challenge: string): Record<string, string> {
  return { code_challenge, code_challenge_method: 'S256' }
}

describe('a strict token route refuses', () => {
  const exchange = async (asked: string | undefined, body: (code: string) => string) => {
    const code = simulator.grants.issueCode({ side: 'buyer', scopes: ['USER_ID'] }, CALLBACK, asked)
    const form = new URLSearchParams({ ...CLIENT, grant_type: 'authorization_code', code })
    const answer = await fetch(`${simulator.url}/oauth2/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `${form.toString()}${body(code)}`,
    })
    return [answer.status, z.looseObject({ error: z.string().optional() }).parse(await answer.json()).error]
  }

  test.each<[string, string, string | undefined, (code: string) => string, string]>([
    ['a code twice', `${RFC6749}, 3.2`, undefined, (code) => `&code=${code}`, 'invalid_request'],
    ['a verifier without a challenge', RFC9700, undefined, () => `&code_verifier=${VERIFIER}`, 'invalid_grant'],
    ['a verifier of 5 characters', `${RFC7636}, 4.1`, sha('abcde'), () => '&code_verifier=abcde', 'invalid_grant'],
    [
      'a verifier of 129',
      `${RFC7636}, 4.1`,
      sha('v'.repeat(129)),
      () => `&code_verifier=${'v'.repeat(129)}`,
      'invalid_grant',
    ],
    ['a challenge without a verifier', `${RFC7636}, 4.6`, CHALLENGE, () => '', 'invalid_grant'],
    ['another verifier', `${RFC7636}, 4.6`, CHALLENGE, () => `&code_verifier=${'w'.repeat(43)}`, 'invalid_grant'],
    ['bytes that are not UTF-8', `${RFC6749}, appendix B`, undefined, () => '&more=%ff', 'invalid_request'],
    ['a NUL', INFERRED, undefined, () => '&more=%00', 'invalid_request'],
  ])('%s (%s)', async (_, __, asked, more, error) => {
    expect(await exchange(asked, more)).toEqual([400, error])
  })

  test('valid requests never', async () => {
    expect(await exchange(CHALLENGE, () => `&code_verifier=${VERIFIER}`)).toEqual([200, undefined])
  })
})

function sha(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

const grid = (action: unknown) => ({ rows: [{ buttons: [{ action, caption: 'open' }] }] })
const send = (body: string | Buffer, headers: Record<string, string> = { authorization: 'Bearer token' }) =>
  fetch(`${simulator.url}/v2/open-platform/conversations/${simulator.world.conversationId}/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': 'key', ...headers },
    body,
  })

describe('a strict platform refuses a send with', () => {
  test.each<[string, string, string | Buffer]>([
    ['an array for data', DOCUMENTED, text({ sender_buttons: grid({ open_server_link: { data: [] } }) })],
    ['a string for data', DOCUMENTED, text({ sender_buttons: grid({ get_dynamic_action: { data: 'x' } }) })],
    ['two actions', DOCUMENTED, text({ sender_buttons: grid({ open_server_link: {}, get_dynamic_action: {} }) })],
    ['an array for a grid', DOCUMENTED, text({ sender_buttons: [] })],
    ['four rows', DOCUMENTED, text({ sender_buttons: { rows: [{}, {}, {}, {}] } })],
    ['bytes that are not UTF-8', `${RFC8259}, 8.1`, Buffer.from('{"message":"\xff"}', 'latin1')],
    ['half a surrogate pair', `${RFC8259}, 8.2`, '{"message":"\\ud800"}'],
    [
      'half a pair inside data',
      `${RFC8259}, 8.2`,
      `{"message":"x","sender_buttons":${JSON.stringify(grid({ open_server_link: { data: { a: ['\ud800'] } } }))}}`,
    ],
    ['a NUL', INFERRED, '{"message":"a\\u0000"}'],
    ['a NUL in the name of a member', INFERRED, '{"message":"a","\\u0000":1}'],
  ])('%s (%s)', async (_, __, body) => {
    expect((await send(body)).status).toBe(400)
  })

  test.each<[string, unknown]>([
    ['a grid without rows', {}],
    ['a row without buttons', { rows: [{}] }],
    ['a link without data', grid({ open_server_link: {} })],
    ['a dynamic action without data', grid({ get_dynamic_action: {} })],
  ])('but accepts %s, as the schema does', async (_, sender_buttons) => {
    expect((await send(text({ sender_buttons }))).status).toBe(200)
  })

  test.each<Record<string, string>>([
    { authorization: 'Bearer token' },
    { authorization: 'bearer token' },
    { 'x-access-token': 'token' },
  ])('takes the token of %j on both wires', async (headers) => {
    expect((await send('{"message":"x"}', headers)).status).toBe(200)
    const { seller, buyer } = simulator.world.people
    const v1 = { user_id: seller.v1Id, peer_id: buyer.v1Id, post_token: 'AZf3Uqr3', type: 'TEXT', message: 'x' }
    const answer = await fetch(`${simulator.url}/v2/open-platform/chat/conversation`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': 'key', ...headers },
      body: JSON.stringify(v1),
    })
    expect(answer.status).toBe(200)
  })
})

function text(body: object): string {
  return JSON.stringify({ message: 'x', ...body })
}

test('every published scope can be requested', async () => {
  const { default: published }: { default: string[] } = await import('../../src/simulator/published-scopes.json', {
    with: { type: 'json' },
  })
  expect(published).toHaveLength(38)
  for (const scope of published) expect([scope, await authorizeWith({ scope })]).toEqual([scope, '200'])
})

test.each([
  ['GET', '/v2/open-platform/chat/conversation', 405, 'for POST only'],
  ['POST', '/v9/open-platform/chat', 404, 'no such route'],
])('%s %s is %i: "no such route" is only for routes that the platform lacks', async (method, path, status, note) => {
  expect((await fetch(simulator.url + path, { method })).status).toBe(status)
  expect(simulator.conversation.snapshot().timeline.at(-1)?.notes.join(' ')).toContain(note)
})
