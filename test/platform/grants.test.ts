import { describe, expect, test } from '@jest/globals'
import { KEYS } from '../support/gateway.ts'
import {
  allowedBy,
  call,
  problemIn,
  startPlatformGateway,
  startWithGrants,
  type Answering,
} from '../support/platform.ts'
import { alter } from '../support/stores.ts'

const ADDON = '/v2/open-platform/addons/post/AZf3Uqr3'
const OWN_POSTS = '/v1/open-platform/finder/user-posts'
const USER = '/v1/open-platform/users'
const userIs = (id: string) => ({ 'x-divar-user-id': id })
const tokens = { accessToken: 'ory_at_one', refreshToken: 'ory_rt_one' }

describe('without a token of the caller, a call uses the grant', () => {
  test('that covers the resource in the path, whoever gave it', async () => {
    const { divar, gateway } = await startWithGrants([
      { userId: 'other', scopes: ['POST_ADDON_CREATE.another'], accessToken: 'ory_at_other' },
      { userId: 'owner', scopes: ['POST_ADDON_CREATE.AZf3Uqr3'], accessToken: 'ory_at_owner' },
    ])
    await call(gateway, 'post', ADDON, { body: {} }).expect(200)
    expect(divar.received[0]?.headers.authorization).toBe('Bearer ory_at_owner')
  })

  test.each([
    ['v2', 'POST_ADDON_CREATE.AZf3Uqr3'],
    ['v1', 'POST_ADDON_CREATE__AZf3Uqr3'],
  ])('in the %s notation of its scope', async (_, scope) => {
    const { divar, gateway } = await startWithGrants([{ scopes: [scope], ...tokens }])
    await call(gateway, 'post', ADDON, { body: {} }).expect(200)
    expect(divar.received[0]?.headers.authorization).toBe('Bearer ory_at_one')
  })

  test('of a user whose id is not ASCII, which x-divar-user-id has in UTF-8 as a path does', async () => {
    const { divar, gateway } = await startWithGrants([{ userId: 'کاربر', scopes: ['USER_POSTS_GET'], ...tokens }])
    const inUtf8 = Buffer.from('کاربر', 'utf8').toString('latin1')
    await call(gateway, 'get', OWN_POSTS, { headers: userIs(inUtf8) }).expect(200)
    expect(divar.received.map(allowedBy)).toEqual(['ory_at_one'])
  })

  test('of the user in x-divar-user-id, the narrowest first', async () => {
    const { divar, gateway } = await startWithGrants([
      { userId: 'u', scopes: ['POST_ADDON_CREATE.AZf3Uqr3'], accessToken: 'ory_at_narrow' },
      { userId: 'u', scopes: ['USER_POSTS_ADDON_CREATE'], accessToken: 'ory_at_wide' },
      { userId: 'v', scopes: ['USER_POSTS_ADDON_CREATE'], accessToken: 'ory_at_of_v' },
    ])
    for (const user of ['u', 'v']) await call(gateway, 'post', ADDON, { body: {}, headers: userIs(user) }).expect(200)
    expect(divar.received.map(allowedBy)).toEqual(['ory_at_narrow', 'ory_at_of_v'])
  })

  test('of the user in the path', async () => {
    const { divar, gateway } = await startWithGrants([
      { userId: 'a/b==', scopes: ['USER_ADDON_CREATE'], accessToken: 'ory_at_path' },
    ])
    await call(gateway, 'post', '/v2/open-platform/addons/users/a%2Fb%3D%3D', { body: {} }).expect(200)
    expect(divar.received[0]).toMatchObject({ path: '/v2/open-platform/addons/users/a%2Fb%3D%3D' })
    expect(divar.received.map(allowedBy)).toEqual(['ory_at_path'])
  })

  test("with the phone number, where the user's newest grant has none", async () => {
    const { divar, gateway } = await startWithGrants([
      { userId: 'u', scopes: ['USER_PHONE', 'USER_ID'], accessToken: 'ory_at_phone' },
      { userId: 'u', scopes: ['USER_ID', 'USER_POSTS_GET'], accessToken: 'ory_at_id' },
    ])
    await call(gateway, 'get', USER, { headers: userIs('u') }).expect(200)
    await call(gateway, 'post', USER, { headers: userIs('u'), body: {} }).expect(200)
    expect(divar.received.map(allowedBy)).toEqual(['ory_at_phone', 'ory_at_phone'])
  })

  test("and the caller's own token goes before it", async () => {
    const { divar, gateway } = await startWithGrants([{ userId: 'u', scopes: ['USER_POSTS_GET'], ...tokens }])
    await call(gateway, 'get', OWN_POSTS, { headers: { ...userIs('u'), 'x-access-token': KEYS.token } }).expect(200)
    expect(divar.received.map(allowedBy)).toEqual([KEYS.token])
  })

  test('and none at all for an operation that involves no user', async () => {
    const { divar, gateway } = await startWithGrants([{ userId: 'u', scopes: ['USER_POSTS_GET'], ...tokens }])
    await call(gateway, 'get', '/v1/open-platform/finder/post/AZf3Uqr3', { headers: userIs('u') }).expect(200)
    expect(divar.received.map(allowedBy)).toEqual([undefined])
  })
})

describe('a call without a fitting grant reaches nothing', () => {
  test('user_required, if the scope names no resource and the request no user', async () => {
    const { divar, gateway } = await startWithGrants([{ userId: 'u', scopes: ['USER_POSTS_GET'], ...tokens }])
    const { status, text } = await call(gateway, 'get', OWN_POSTS)
    expect([status, problemIn(text).code, divar.received]).toEqual([400, 'user_required', []])
  })

  test.each([
    ['of another user', 'get', OWN_POSTS, userIs('v')],
    ['of another resource', 'post', '/v2/open-platform/addons/post/another', {}],
    ["of another user for the resource that its owner's covers", 'post', ADDON, userIs('v')],
  ] as const)('consent_required with a link, for a grant %s', async (_, method, path, headers) => {
    const { divar, gateway } = await startWithGrants([
      { userId: 'u', scopes: ['USER_POSTS_GET', 'POST_ADDON_CREATE.AZf3Uqr3'], ...tokens },
    ])
    const { status, text } = await call(gateway, method, path, { headers, ...(method === 'post' && { body: {} }) })
    expect([status, problemIn(text)]).toMatchObject([403, { number: 7, code: 'consent_required' }])
    expect(problemIn(text).consent_url).toMatch(/\/oauth\/start\/cns_/)
    expect(divar.received).toEqual([])
  })

  test('sender_ambiguous, if several users have granted it', async () => {
    const { divar, gateway } = await startWithGrants([
      { userId: 'u', scopes: ['CHAT_CONVERSATION_READ.c-1'], accessToken: 'ory_at_u' },
      { userId: 'v', scopes: ['CHAT_CONVERSATION_READ.c-1'], accessToken: 'ory_at_v' },
    ])
    const path = '/v1/open-platform/chat/conversations/c-1'
    const { status, text } = await call(gateway, 'get', path)
    expect([status, problemIn(text)]).toMatchObject([409, { number: 10, code: 'sender_ambiguous' }])
    await call(gateway, 'get', path, { headers: userIs('v') }).expect(200)
    expect(divar.received.map(allowedBy)).toEqual(['ory_at_v'])
  })

  test('consent_required without a link, where consent is not set up', async () => {
    const gateway = await startPlatformGateway({ url: 'http://127.0.0.1:9' })
    const { status, text } = await call(gateway, 'get', OWN_POSTS, { headers: userIs('u') })
    expect([status, problemIn(text).code, problemIn(text).consent_url]).toEqual([403, 'consent_required', undefined])
  })
})

describe('a token that Divar refuses', () => {
  const refreshing: Answering = ({ path, headers }) => {
    if (path === '/oauth2/token') {
      return {
        body: '{"access_token":"ory_at_two","refresh_token":"ory_rt_two","expires_in":3600,"token_type":"bearer"}',
      }
    }
    return headers.authorization === 'Bearer ory_at_two' ? { body: '{"ok":true}' } : { status: 401, body: '{}' }
  }

  async function startWithOldToken(answering: Answering) {
    const first = await startWithGrants([{ userId: 'u', scopes: ['USER_POSTS_GET'], ...tokens }])
    await first.gateway.stop()
    await alter(String(first.environment['DATABASE_URL']), 'update user_grant set refreshed_at = refreshed_at - 600000')
    first.divar.answerWith(answering)
    return { ...first, gateway: await startPlatformGateway(first.divar, first.environment) }
  }

  test('is refreshed once, and the call repeated', async () => {
    const { divar, gateway } = await startWithOldToken(refreshing)
    await call(gateway, 'get', OWN_POSTS, { headers: userIs('u') }).expect(200, { ok: true })
    expect(divar.received.map(({ path }) => path)).toEqual([OWN_POSTS, '/oauth2/token', OWN_POSTS])
  })

  test('is token_refused if Divar refuses the new one too, with a link', async () => {
    const { divar, gateway } = await startWithOldToken((request) =>
      request.path === '/oauth2/token' ? refreshing(request) : { status: 401, body: '{}' },
    )
    const { status, text } = await call(gateway, 'get', OWN_POSTS, { headers: userIs('u') })
    expect([status, problemIn(text)]).toMatchObject([403, { number: 7, code: 'token_refused' }])
    expect(problemIn(text).consent_url).toMatch(/\/oauth\/start\/cns_/)
    expect(divar.received.map(({ path }) => path)).toEqual([OWN_POSTS, '/oauth2/token', OWN_POSTS])
  })

  test('is not_sent if Divar gives no new one', async () => {
    const { gateway } = await startWithOldToken(({ path }) =>
      path === '/oauth2/token' ? { status: 503, body: '{}' } : { status: 401, body: '{}' },
    )
    const { status, text } = await call(gateway, 'get', OWN_POSTS, { headers: userIs('u') })
    expect([status, problemIn(text).code]).toEqual([502, 'not_sent'])
  })
})
