import { describe, expect, test } from '@jest/globals'
import { OPERATIONS } from '../../src/simulator/operations.ts'
import PUBLISHED from '../../src/simulator/published-scopes.json' with { type: 'json' }
import { KEYS } from '../support/gateway.ts'
import { startRecordingApp, type RecordingApp } from '../support/recording-app.ts'

const EVERY_SCOPE = PUBLISHED.map((scope) => scope.replace('.resource_id', '.AZf3Uqr3'))
const TOKENS = [
  { accessToken: 'all', side: 'seller' as const, scopes: EVERY_SCOPE },
  { accessToken: 'addon', side: 'seller' as const, scopes: ['POST_ADDON_CREATE.AZf3Uqr3'] },
  { accessToken: 'user', side: 'seller' as const, scopes: ['USER_VERIFICATION_CREATE', 'USER_ADDON_CREATE'] },
]
const start = () => startRecordingApp(undefined, { tokens: TOKENS })

type Asked = { method?: string; token?: string; key?: string; body?: string; type?: string }
const ask = ({ simulator }: RecordingApp, path: string, { method = 'POST', token, key, body, type }: Asked = {}) =>
  fetch(simulator.url + path, {
    method,
    headers: {
      'x-api-key': key ?? KEYS.divarApi,
      'content-type': type ?? 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    ...(body !== undefined && { body }),
  })

/** Own code answers these, and each has its own test. */
const PLAYED = /\/messages$|\/subscriptions$|\/users$/

test('every published operation is answered with JSON', async () => {
  const app = await start()
  const seller = encodeURIComponent(app.simulator.world.people.seller.v2Id)
  const others = OPERATIONS.filter(({ path }) => !PLAYED.test(path))
  expect(others.length).toBeGreaterThan(45)
  for (const { method, path, body } of others) {
    const filled = path.replace('{divar_user_id}', seller).replaceAll(/\{\w+\}/g, 'AZf3Uqr3')
    const answer = await ask(app, filled, { method, token: 'all', ...(body && { body: '{}' }) })
    const text = await answer.text()
    expect([method, path, answer.status, text]).toEqual([method, path, 200, expect.stringMatching(/^\{/)])
  }
  expect(new Set(app.simulator.conversation.snapshot().timeline.map(({ kind }) => kind))).toEqual(new Set(['platform']))
})

describe('an operation of the platform', () => {
  const addon = '/v2/open-platform/addons/post/AZf3Uqr3'

  test.each<[string, string, Asked, number]>([
    ['a wrong API key', addon, { key: 'wrong', token: 'addon', body: '{}' }, 401],
    ['no token', addon, { body: '{}' }, 401],
    ['an unknown token', addon, { token: 'nobody', body: '{}' }, 401],
    ['a token without the scope', addon, { token: 'user', body: '{}' }, 403],
    ['a scope of another post', '/v2/open-platform/addons/post/AAAA', { token: 'addon', body: '{}' }, 403],
    ['another user', '/v2/open-platform/addons/users/somebody', { token: 'user', body: '{}' }, 403],
    ['a body that is not JSON', addon, { token: 'addon', body: '{' }, 400],
    ['a body that is no object', addon, { token: 'addon', body: '[]' }, 400],
    ['no body', addon, { token: 'addon' }, 400],
    ['another content type', addon, { token: 'addon', body: '{}', type: 'text/plain' }, 415],
    ['another method', addon, { method: 'PUT', token: 'addon', body: '{}' }, 405],
    ['an unknown path', '/v2/open-platform/addons/nothing/at/all', { token: 'addon', body: '{}' }, 404],
  ])('is refused for %s', async (_, path, asked, status) => {
    const app = await start()
    expect((await ask(app, path, asked)).status).toBe(status)
  })

  test('with the scope of its resource is allowed', async () => {
    const app = await start()
    expect((await ask(app, addon, { token: 'addon', body: '{}' })).status).toBe(200)
  })

  test('without scopes needs the API key alone', async () => {
    const app = await start()
    const answer = await ask(app, '/v1/open-platform/assets/city', { method: 'GET' })
    expect([answer.status, await answer.json()]).toEqual([
      200,
      { cities: [expect.objectContaining({ slug: 'sample' })] },
    ])
  })

  test('names the post that was asked for', async () => {
    const app = await start()
    const answer = await ask(app, '/v1/open-platform/finder/post/BBBB', { method: 'GET', token: 'all' })
    expect(await answer.json()).toMatchObject({ token: 'BBBB' })
  })

  test('meets the faults of sends', async () => {
    const app = await start()
    await app.control('faults', { fault: '500' })
    expect((await ask(app, '/v1/open-platform/assets/city', { method: 'GET' })).status).toBe(500)
  })
})
