import { expect, test } from '@jest/globals'
import supertest from 'supertest'
import { Browser, clickMenu, decide, completeFlow } from '../support/consent.ts'
import { KEYS } from '../support/gateway.ts'
import { withMembers } from '../support/divar-proxy.ts'
import { allGrants, chatOf, ON_DENIED, startConsentSetup } from '../support/consent-setup.ts'
import { parseJson } from '../support/requests.ts'

test.each([
  ['server_error', 502, 'Divar did not answer', 'server_error'],
  ['temporarily_unavailable', 502, 'Divar did not answer', 'temporarily_unavailable'],
  ['invalid_scope', 403, 'Divar does not allow this', 'invalid_scope'],
  ['09120000002', 403, 'Divar does not allow this', 'malformed error code'],
])('a user whom Divar sends back with the error %s sees why, and nothing is granted', async (error, ...expected) => {
  const setup = await startConsentSetup()
  const browser = new Browser()
  const back = new URL(await decide(browser, await clickMenu(setup.at)))
  back.searchParams.delete('code')
  back.searchParams.set('error', error)
  const [status, title, reason] = expected
  expect(await browser.open(back.href)).toMatchObject({ status, body: expect.stringContaining(title), location: '' })
  // Only error codes of the standard are logged.
  expect(await setup.gateway.logged('consent.refused')).toMatchObject({ level: 'warn', reason })
  expect(await allGrants(setup)).toEqual([])
})

test('a user who refuses only the requested offline access counts as having refused', async () => {
  const setup = await startConsentSetup({ scopes: ['chat', 'offline'] })
  setup.proxy.onToken(withMembers({ scope: `${chatOf(setup)} USER_ID`, refresh_token: undefined }))
  expect(await completeFlow(await clickMenu(setup.at))).toMatchObject({ status: 303, location: ON_DENIED })
  expect(await allGrants(setup)).toEqual([])
})

test('nothing is granted when neither Divar nor the click identifies the user', async () => {
  const setup = await startConsentSetup({ scopes: ['chat'] })
  setup.proxy.onUsers(() => ({ status: 500, body: '{}' }))
  const { text } = await supertest(setup.gateway.url)
    .post('/divar/session')
    .set({ authorization: KEYS.identification, 'api-version': '2' })
    .send({ conversation_id: setup.divar.world.conversationId, user_id: null })
  expect((await completeFlow(String(parseJson(text)['url']))).status).toBe(502)
  expect(await setup.gateway.logged('consent.refused')).toMatchObject({ reason: 'Divar did not say who consented' })
})

test('the log says when the API key lacks the permission to read the user', async () => {
  const setup = await startConsentSetup()
  setup.proxy.onUsers(() => ({ status: 403, body: '{}' }))
  expect((await completeFlow(await clickMenu(setup.at))).status).toBe(502)
  expect(await setup.gateway.logged('users.not_permitted')).toMatchObject({
    level: 'warn',
    reason: expect.stringContaining('USER_RETRIEVE'),
  })
  expect(await allGrants(setup)).toEqual([])
})
