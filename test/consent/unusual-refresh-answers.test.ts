import { describe, expect, test } from '@jest/globals'
import { clickMenu, linkFor, messageTo, sendWithoutToken, completeFlow } from '../support/consent.ts'
import { withMembers } from '../support/divar-proxy.ts'
import {
  allGrants,
  restartAfter,
  chatOf,
  consented,
  granting,
  grantsOf,
  NEARLY_EXPIRED,
  EXPIRED,
  startConsentSetup,
} from '../support/consent-setup.ts'
import { idOf, until } from '../support/outbox.ts'
import { parseJson } from '../support/requests.ts'

const DAY_MS = 24 * 60 * 60 * 1000

describe('a refresh', () => {
  test.each([200, 400])('that is answered invalid_grant with status %d ends the grant', async (status) => {
    const setup = await consented(EXPIRED)
    setup.proxy.onToken(() => ({ status, body: '{"error":"invalid_grant"}' }))
    const sent = await sendWithoutToken(setup.gateway, messageTo(setup.divar))
    expect([sent.status, parseJson(sent.text)['code']]).toEqual([403, 'consent_required'])
    expect(await allGrants(setup)).toEqual([])
  })

  test('that ends one grant lets the same message use another grant of its sender', async () => {
    const first = await startConsentSetup()
    for (const scopes of [
      ['post_chats', 'offline'],
      ['chat', 'offline'],
    ]) {
      const link = await linkFor({ ...first.gateway, divar: first.divar }, scopes, 'seller')
      expect((await completeFlow(link, { side: 'seller' })).status).toBe(303)
    }
    const gateway = await restartAfter(first, EXPIRED)
    first.proxy.onToken(() => {
      first.proxy.asUsual()
      return { status: 400, body: '{"error":"invalid_grant"}' }
    })
    const { people, post } = first.divar.world
    const body = { ...messageTo(first.divar), user_id: people.seller.v2Id, post_token: post.token }
    expect((await sendWithoutToken(gateway, body)).status).toBe(200)
    expect(await allGrants({ ...first, gateway })).toHaveLength(1)
  })

  test('sends the access token and redirect_uri with the refresh token, as Divar documents', async () => {
    const setup = await consented(EXPIRED)
    expect((await sendWithoutToken(setup.gateway, messageTo(setup.divar))).status).toBe(200)
    const { timeline } = setup.divar.conversation.snapshot()
    // The simulator notes what is missing.
    expect(timeline.filter(({ kind }) => kind === 'token').map(({ notes }) => notes)).toEqual([[], []])
  })

  test.each([
    ['a line end', { access_token: 'nl1\n' }],
    ['a letter outside ASCII', { access_token: 'تو' }],
    ['a space', { access_token: 'a b' }],
    ['nothing', { access_token: '' }],
    ['a refresh token with a NUL', { refresh_token: 'x\u0000' }],
    ['a scope that cannot be read', { scope: [] }],
  ])('that returns %s in place of a token leaves the valid pair unchanged', async (_, members) => {
    const setup = await consented(NEARLY_EXPIRED)
    setup.proxy.onToken(withMembers(members))
    expect((await sendWithoutToken(setup.gateway, messageTo(setup.divar))).status).toBe(200)
    await setup.gateway.logged('grant.refresh_failed')
    setup.proxy.asUsual()
    const later = await restartAfter(setup, 'update user_grant set lease_until = 0')
    expect((await sendWithoutToken(later, messageTo(setup.divar))).status).toBe(200)
    expect(await later.logged('grant.refreshed')).toBeDefined()
  })

  test('without a new refresh token keeps the previous one', async () => {
    const setup = await consented(EXPIRED)
    const asked: string[] = []
    setup.proxy.onToken(({ status, json: { refresh_token: _, ...json } }, form) => {
      asked.push(form.get('refresh_token') ?? '')
      return { status, body: JSON.stringify(json) }
    })
    expect((await sendWithoutToken(setup.gateway, messageTo(setup.divar))).status).toBe(200)
    // It lives as long as it would have.
    const [grant] = await grantsOf(setup.gateway, setup.divar.world.people.buyer.v2Id)
    expect(Math.round((Date.parse(grant?.expires_at ?? '') - Date.now()) / DAY_MS)).toBe(30)
    const later = await restartAfter(setup, EXPIRED)
    expect((await sendWithoutToken(later, messageTo(setup.divar))).status).toBe(200)
    expect(asked).toHaveLength(2)
    expect(asked[1]).toBe(asked[0])
  })

  test('that names fewer scopes narrows the grant to them, and never adds any', async () => {
    const setup = await consented(EXPIRED, { scopes: ['chat', 'phone', 'offline'] })
    setup.proxy.onToken(granting(`${chatOf(setup)} USER_ID CHAT_SUPPLIER_ALL_CONVERSATIONS_MESSAGE_SEND`))
    expect((await sendWithoutToken(setup.gateway, messageTo(setup.divar))).status).toBe(200)
    const [grant] = await grantsOf(setup.gateway, setup.divar.world.people.buyer.v2Id)
    expect(grant?.scopes.sort()).toEqual([chatOf(setup), 'USER_ID', 'offline_access'].sort())
    expect(await clickMenu(setup.at)).toContain('/oauth/start/')
  })

  test.each([
    ['none of the scopes that the user has consented to', 'USER_ADDONS_CREATE'],
    ['none but offline access', 'offline_access'],
    ['nothing', ''],
  ])('that names %s ends the grant', async (_, scope) => {
    const setup = await consented(EXPIRED)
    setup.proxy.onToken(granting(scope))
    const { status, text } = await sendWithoutToken(setup.gateway, messageTo(setup.divar))
    expect([status, parseJson(text)['code']]).toEqual([403, 'consent_required'])
    expect(await allGrants(setup)).toEqual([])
  })

  test('that is answered 429 holds the refreshes of all grants until Retry-After is over', async () => {
    const setup = await consented(EXPIRED)
    const { buyer, seller } = setup.divar.world.people
    // Both sides have consented, and both tokens are over.
    const second = await clickMenu(setup.at, 'seller')
    expect((await completeFlow(second, { side: 'seller' })).status).toBe(303)
    const gateway = await restartAfter(setup, EXPIRED)
    let asked = 0
    setup.proxy.onToken(() => {
      asked += 1
      return { status: 429, body: '{}', headers: { 'retry-after': '60' } }
    })
    const sendAs = (userId: string) => sendWithoutToken(gateway, { ...messageTo(setup.divar), user_id: userId })
    const answers = []
    for (const { v2Id } of [buyer, seller, buyer, seller]) answers.push((await sendAs(v2Id)).status)
    expect([answers, asked]).toEqual([[502, 502, 502, 502], 1])
    setup.proxy.asUsual()
  })

  test('that failed is not repeated at once', async () => {
    const setup = await consented(EXPIRED)
    let asked = 0
    setup.proxy.onToken(() => {
      asked += 1
      return { status: 500, body: '{}' }
    })
    for (let times = 0; times < 3; times += 1) {
      expect((await sendWithoutToken(setup.gateway, messageTo(setup.divar))).status).toBe(502)
    }
    expect(asked).toBe(1)
    setup.proxy.asUsual()
    const queued = await sendWithoutToken(setup.gateway, messageTo(setup.divar), {
      headers: { prefer: 'respond-async' },
    })
    expect((await until(setup.gateway, idOf(queued), 'delivered')).state).toBe('delivered')
  })
})
