import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'
import supertest from 'supertest'
import {
  ask,
  Browser,
  clickMenu,
  decide,
  messageTo,
  sendWithoutToken,
  startConsentDivar,
  completeFlow,
  withConsent,
} from '../support/consent.ts'
import { APP } from '../support/consent-app.ts'
import { KEYS, type TestGateway } from '../support/gateway.ts'
import { startOn } from '../support/outbox.ts'
import { alter } from '../support/stores.ts'

const PHONE = '09120000002'
/** Divar's tokens, the secrets of a flow, and user ids. */
const SECRET_FORMS = [/ory_(?:at|rt|ac)_[\w-]+/, /cns_[\w-]{24}/, /[?&](?:state|code)=/, /0912\d{7}/, /[\w-]{43}/]

test('no token, code, state, phone number or user id is logged, however a consent ends', async () => {
  const { divar, pass } = await startConsentDivar()
  const environment = await withConsent(divar.url, { scopes: ['chat', 'phone', 'offline'] })
  const first = await startOn(environment, { LOG_LEVEL: 'debug' })
  const at = { url: first.url, divar }
  const { buyer, seller } = divar.world.people

  // Every way in which a flow ends.
  await completeFlow(await clickMenu(at), { decision: 'deny' })
  await completeFlow(await clickMenu(at), { side: 'seller' })
  for (const fault of ['stolen_state', 'code_expired', 'token_500', 'token_reset', 'token_reset_after'] as const) {
    divar.conversation.faults.arm(fault, 1)
    await completeFlow(await clickMenu(at))
  }
  const browser = new Browser()
  const back = await decide(browser, await clickMenu(at))
  await new Browser().open(back)
  const { location } = await browser.open(back)
  await browser.open(back)
  for (const path of [
    '/oauth/start/CANARY',
    '/oauth/callback?code=CANARY&state=CANARY',
    '/oauth/callback?error=CANARY',
  ]) {
    await browser.open(`${first.url}${path}`)
  }

  // Everything that a grant is used for.
  const id = new URL(location).searchParams.get('click_id') ?? ''
  const user = `/users/${encodeURIComponent(buyer.v2Id)}`
  expect((await ask(first, user)).text).toContain(PHONE)
  expect((await ask(first, `/clicks/${id}`)).status).toBe(200)
  expect((await ask(first, `/grants?user_id=${encodeURIComponent(buyer.v2Id)}`)).status).toBe(200)
  await sendWithoutToken(first, messageTo(divar))
  await sendWithoutToken(first, { ...messageTo(divar), user_id: seller.v2Id })
  await sendWithoutToken(first, messageTo(divar), { headers: { prefer: 'respond-async' } })
  await supertest(first.url)
    .post('/consents')
    .set('x-api-key', KEYS.caller)
    .send({ scopes: ['phone'], user_id: 'CANARY', return_url: 'https://app.example.com/?CANARY' })
  await first.stop()

  // Refreshes: one succeeds, one fails temporarily, one permanently.
  const outputs = [first.output()]
  const file = String(environment['DATABASE_URL'])
  for (const prepare of [
    () => undefined,
    () => {
      divar.conversation.faults.arm('token_500', 1)
    },
    () => pass(1e10),
  ]) {
    await alter(file, 'update user_grant set access_until = 0, lease_until = 0')
    const next = await startOn(environment, { LOG_LEVEL: 'debug' })
    prepare()
    await sendWithoutToken(next, messageTo(divar))
    await ask(next, user)
    await next.stop()
    outputs.push(next.output())
  }

  const output = outputs.join('')
  const events = new Set(eventsIn(first))
  for (const event of ['opened', 'granted', 'denied', 'refused', 'link_created'])
    expect(events).toContain(`consent.${event}`)
  expect(output).toContain('"grant.refreshed"')
  expect(output).toContain('"grant.refresh_failed"')
  expect(output).toContain('"grant.ended"')
  for (const form of SECRET_FORMS) expect(output).not.toMatch(form)
  const told = [APP.clientSecret, KEYS.divarApi, KEYS.identification, KEYS.caller, 'CANARY', 'سلام']
  for (const secret of [...told, buyer.v1Id, buyer.v2Id, seller.v1Id, seller.v2Id, divar.world.conversationId]) {
    expect(output).not.toContain(secret)
  }
})

test('none of them is readable in the store', async () => {
  const { divar } = await startConsentDivar()
  const environment = await withConsent(divar.url)
  const gateway = await startOn(environment)
  const open = await clickMenu({ url: gateway.url, divar })
  await completeFlow(await clickMenu({ url: gateway.url, divar }))
  await gateway.stop()
  const file = readFileSync(fileURLToPath(String(environment['DATABASE_URL']))).toString('latin1')
  expect(file.length).toBeGreaterThan(10_000)
  // The id of a link is its key; everything else is stored as digests or sealed.
  expect(file).toContain(new URL(open).pathname.split('/').at(-1))
  const { buyer } = divar.world.people
  for (const secret of [
    'ory_at_',
    'ory_rt_',
    'CONVERSATION_SEND',
    buyer.v2Id,
    divar.world.conversationId,
    'app.example',
  ]) {
    expect(file).not.toContain(secret)
  }
})

function eventsIn(gateway: TestGateway): unknown[] {
  return gateway.lines().map(({ event }) => event)
}
