import { expect, test } from '@jest/globals'
import {
  ask,
  clickMenu,
  LANDING,
  sendWithoutToken,
  startConsentDivar,
  startConsentGateway,
  completeFlow,
  withConsent,
} from '../support/consent.ts'
import type { TestGateway } from '../support/gateway.ts'
import { startOn } from '../support/outbox.ts'
import { parseJson } from '../support/requests.ts'
import { alter } from '../support/stores.ts'

test.each(['v1', 'v2'] as const)('after one consent on %s every message is sent without a token', async (wire) => {
  const gateway = await startConsentGateway()
  const { world, conversation } = gateway.divar
  const start = await clickMenu(gateway, 'buyer', wire)
  expect(start).toMatch(new RegExp(`^${gateway.url}/oauth/start/cns_[\\w-]{24}$`))
  const { status, location } = await completeFlow(start)
  expect([status, location]).toEqual([303, expect.stringContaining(`${LANDING}?click_id=clk_`)])

  const address =
    wire === 'v1'
      ? { user_id: world.people.buyer.v1Id, post_token: world.post.token, peer_id: world.people.seller.v1Id }
      : { conversation_id: world.conversationId }
  const sent = await sendWithoutToken(gateway, { ...address, message: 'سلام' })
  expect([sent.status, sent.text]).toEqual([200, expect.stringContaining('success')])
  expect(conversation.findMessage(String(conversation.snapshot().messages.at(-1)?.id))).toMatchObject({
    from: 'buyer',
    text: 'سلام',
  })
  expect(await clickMenu(gateway, 'buyer', wire)).toContain(LANDING)
})

test('the click of a landing can be read by any caller, any number of times', async () => {
  const gateway = await startConsentGateway()
  const { location } = await completeFlow(await clickMenu(gateway))
  const id = new URL(location).searchParams.get('click_id') ?? ''
  for (let times = 0; times < 2; times += 1) {
    const { status, text } = await ask(gateway, `/clicks/${id}`)
    expect([status, parseJson(text)]).toEqual([
      200,
      expect.objectContaining({ id, wire: 'v2', user_id: gateway.divar.world.people.buyer.v2Id }),
    ])
  }
})

test('a user is sent to a landing only after the click that it names is committed', async () => {
  const { divar } = await startConsentDivar()
  const environment = await withConsent(divar.url)
  const first = await startOn(environment)
  const start = await clickMenu({ url: first.url, divar })
  await first.stop()
  const url = String(environment['DATABASE_URL'])
  await alter(url, "create trigger no_click before insert on click begin select raise(abort, 'no'); end")
  const gateway = await startOn(environment)
  expect(await completeFlow(start)).toMatchObject({ status: 503, location: '' })
  expect(await gateway.logged('consent.failed')).toMatchObject({ level: 'error' })
})

test('the click of a landing can be read for 15 minutes, and not after', async () => {
  const { divar } = await startConsentDivar()
  const environment = await withConsent(divar.url)
  const first = await startOn(environment)
  const { location } = await completeFlow(await clickMenu({ url: first.url, divar }))
  const path = `/clicks/${new URL(location).searchParams.get('click_id') ?? ''}`
  const afterMinutes = async (minutes: number, before: TestGateway) => {
    await before.stop()
    await alter(String(environment['DATABASE_URL']), `update click set expires_at = expires_at - ${minutes * 60_000}`)
    const gateway = await startOn(environment)
    return { gateway, status: (await ask(gateway, path)).status }
  }
  const { gateway, status } = await afterMinutes(14, first)
  expect([status, (await afterMinutes(1, gateway)).status]).toEqual([200, 404])
})
