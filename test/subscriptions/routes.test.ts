import { beforeAll, describe, expect, test } from '@jest/globals'
import { completeFlow, startConsentGateway } from '../support/consent.ts'
import { withStore } from '../support/databases.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { problemIn } from '../support/platform.ts'
import { parseJson } from '../support/requests.ts'
import {
  BILLING_KEY,
  call,
  DIVARS_PATH,
  listSubscriptions,
  MAY_SUBSCRIBE,
  putSubscription,
  registrationsAt,
  startSubscribing,
} from '../support/subscriptions.ts'

const WANTED = { user_id: 'u-1', event_type: 'NEW_MESSAGE_ON_POST', post_token: 'AZf3Uqr3' }

let gateway: TestGateway
beforeAll(async () => {
  const tokens = [{ accessToken: 'of-seller', side: 'seller' as const, scopes: ['USER_POSTS_GET'] }]
  gateway = await startConsentGateway({}, MAY_SUBSCRIBE, { tokens })
})

describe('PUT /subscriptions', () => {
  test('twice with the same content is one subscription, in whatever order its members are', async () => {
    const first = await putSubscription(gateway, { ...WANTED, metadata: { a: 1, b: { c: 2, d: 3 } } })
    const again = await putSubscription(gateway, { metadata: { b: { d: 3, c: 2 }, a: 1 }, ...WANTED })
    expect(again).toEqual({ ...first, consent_url: again.consent_url })
    expect(first).toMatchObject({ ...WANTED, state: 'waiting', metadata: { a: 1, b: { c: 2, d: 3 } } })
    const others = [
      await putSubscription(gateway, WANTED),
      await putSubscription(gateway, { ...WANTED, post_token: null }),
      await putSubscription(gateway, { ...WANTED, user_id: 'u-2' }),
      await putSubscription(gateway, { user_id: 'u-1', event_type: 'POST_UPDATE' }),
      await putSubscription(gateway, { ...WANTED, metadata: { a: 1, b: { c: 2, d: 3 } } }, BILLING_KEY),
    ]
    expect(new Set([first, ...others].map(({ id }) => id)).size).toBe(6)
  })

  test.each([
    ['no user', { event_type: 'POST_UPDATE' }, '/user_id'],
    ['an unknown event', { ...WANTED, event_type: 'NEW_MESSAGE' }, '/event_type'],
    ['a post token with a blank', { ...WANTED, post_token: 'a b' }, '/post_token'],
    ['metadata that is no object', { ...WANTED, metadata: [1] }, '/metadata'],
    ['more than 1 KiB of metadata', { ...WANTED, metadata: { text: 'آ'.repeat(600) } }, '/metadata'],
    ['a misspelled member', { ...WANTED, post_tokn: 'x' }, '/post_tokn'],
  ])('refuses %s, and says where it is', async (_, body, pointer) => {
    const { text } = await call(gateway, 'put', '/subscriptions', body).expect(400)
    expect(parseJson(text)).toMatchObject({ code: 'invalid_subscription', errors: [{ pointer }] })
  })

  test('takes metadata of 1 KiB', async () => {
    const metadata = { text: 'x'.repeat(1024 - '{"text":""}'.length) }
    expect((await putSubscription(gateway, { ...WANTED, metadata })).metadata).toEqual(metadata)
  })
})

describe('GET and DELETE /subscriptions', () => {
  test("show and end the caller's own alone", async () => {
    const { id } = await putSubscription(gateway, { ...WANTED, user_id: 'u-3' })
    const { subscriptions } = await listSubscriptions(gateway, '?state=waiting&limit=200')
    expect(subscriptions.find((one) => one.id === id)?.consent_url).toMatch(/\/oauth\/start\/cns_/)
    const foreign = await listSubscriptions(gateway, '', BILLING_KEY)
    expect(foreign.subscriptions.map((one) => one.id)).not.toContain(id)
    const path = `/subscriptions/${id}`
    await call(gateway, 'delete', path, undefined, { 'x-api-key': BILLING_KEY }).expect(404)
    await call(gateway, 'delete', path).expect(200)
    await call(gateway, 'delete', path).expect(404)
  })

  test('show a link for each user who has not consented, on a page of 200', async () => {
    const { gateway: own } = await startSubscribing()
    const users = Array.from({ length: 200 }, (_, number) => `many-${number}`)
    await Promise.all(users.map((user_id) => putSubscription(own, { ...WANTED, user_id })))
    const { subscriptions } = await listSubscriptions(own, '?limit=200')
    expect(new Set(subscriptions.map(({ consent_url }) => consent_url ?? 'none')).size).toBe(users.length)
    const again = await listSubscriptions(own, '?limit=200')
    expect(again.subscriptions.map(({ consent_url }) => consent_url)).toEqual(
      subscriptions.map(({ consent_url }) => consent_url),
    )
  })

  test('go through pages with a cursor', async () => {
    for (const user_id of ['p-1', 'p-2', 'p-3']) await putSubscription(gateway, { ...WANTED, user_id })
    const first = await listSubscriptions(gateway, '?limit=2')
    expect(first.subscriptions.map(({ user_id }) => user_id)).toEqual(['p-3', 'p-2'])
    const next = await listSubscriptions(gateway, `?limit=1&cursor=${String(first.next_cursor)}`)
    expect(next.subscriptions.map(({ user_id }) => user_id)).toEqual(['p-1'])
  })

  test.each(['?states=active', '?state=on', '?limit=0', '?cursor=x'])('refuse the query %s', async (query) => {
    const { text } = await call(gateway, 'get', `/subscriptions${query}`).expect(400)
    expect(parseJson(text)['code']).toBe('malformed_request')
  })
})

describe("Divar's own path", () => {
  const subscribe = (body: object, headers: Record<string, string>) => call(gateway, 'post', DIVARS_PATH, body, headers)

  test("registers with the token that came along, and returns Divar's refusal", async () => {
    const ok = await subscribe({ event_type: 'POST_UPDATE' }, { authorization: 'Bearer of-seller' }).expect(200)
    expect(ok.text).toBe('{}')
    expect(registrationsAt(gateway.divar).at(-1)?.headers.authorization).toBe('Bearer of-seller')
    const refused = await subscribe(
      { event_type: 'NEW_MESSAGE_ON_POST', event_resource_id: 'AZf3Uqr3' },
      { 'x-access-token': 'of-seller' },
    ).expect(403)
    expect(problemIn(refused.text)).toMatchObject({ number: 7, code: 'not_permitted' })
  })

  test('keeps a subscription for the user in x-divar-user-id, and says where the user can consent', async () => {
    const body = { event_type: 'NEW_MESSAGE_ON_POST', event_resource_id: 'AZf3Uqr3' }
    const { text } = await subscribe(body, { 'x-divar-user-id': 'u-sdk' }).expect(403)
    expect(problemIn(text)).toMatchObject({ code: 'consent_required' })
    expect(problemIn(text).consent_url).toMatch(/\/oauth\/start\/cns_/)
    const { subscriptions } = await listSubscriptions(gateway, '?limit=1')
    expect(subscriptions).toMatchObject([{ user_id: 'u-sdk', post_token: 'AZf3Uqr3', state: 'waiting' }])
  })

  test('needs a user, and a valid body, in the format of the platform', async () => {
    const { text } = await subscribe({ event_type: 'POST_UPDATE' }, {}).expect(400)
    expect(problemIn(text)).toMatchObject({ number: 3, code: 'user_required' })
    const invalid = await subscribe({}, { 'x-divar-user-id': 'u-1' }).expect(400)
    expect(problemIn(invalid.text)).toMatchObject({ code: 'invalid_subscription' })
    await call(gateway, 'get', DIVARS_PATH).expect(405)
  })
})

test('a gateway without a store or consent answers 501, and still registers with a token', async () => {
  const tokens = [{ accessToken: 'of-seller', side: 'seller' as const, scopes: ['USER_POSTS_GET'] }]
  const bare = await startTestGateway((url) => ({ ...MAY_SUBSCRIBE, DIVAR_API_URL: url }), { checks: 'strict', tokens })
  const put = await call(bare, 'put', '/subscriptions', WANTED).expect(501)
  expect(parseJson(put.text)['code']).toBe('store_required')
  const post = (headers: Record<string, string>) =>
    call(bare, 'post', DIVARS_PATH, { event_type: 'POST_UPDATE' }, headers)
  await post({ 'x-access-token': 'of-seller' }).expect(200)
  expect(problemIn((await post({ 'x-divar-user-id': 'u-1' }).expect(501)).text).code).toBe('store_required')
  const stored = await startTestGateway({ ...(await withStore('sqlite')), ...MAY_SUBSCRIBE })
  expect(parseJson((await call(stored, 'get', '/subscriptions').expect(501)).text)['code']).toBe('consent_unavailable')
})

test('a waiting subscription is registered by the grant that its link leads to', async () => {
  const { divar, gateway: at, wanted } = await startSubscribing()
  await putSubscription(at, wanted)
  const [listed] = (await listSubscriptions(at)).subscriptions
  const again = (await listSubscriptions(at)).subscriptions[0]
  expect(again?.consent_url).toBe(listed?.consent_url)
  const { status } = await completeFlow(String(listed?.consent_url), { side: 'seller' })
  expect(status).toBe(303)
  expect(registrationsAt(divar).length).toBeLessThanOrEqual(1)
})
