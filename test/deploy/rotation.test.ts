import { describe, expect, test } from '@jest/globals'
import {
  clickMenu,
  completeFlow,
  LANDING,
  messageTo,
  sendWithoutToken,
  startConsentDivar,
  withConsent,
} from '../support/consent.ts'
import { APP } from '../support/consent-app.ts'
import { EXPIRED } from '../support/consent-setup.ts'
import { withStore } from '../support/databases.ts'
import { startTestGateway } from '../support/gateway.ts'
import { chatMessage, divarAt, eventually, queue, startDivar, startOn, until } from '../support/outbox.ts'
import { click, CLICK, replyOf } from '../support/requests.ts'
import { startService } from '../support/resolvers.ts'
import { alter } from '../support/stores.ts'

/** The other secrets are rotated in the tests of their own parts. */
describe('rotated as docs/upgrading.md says', () => {
  test('DIVAR_API_KEY delivers with the new key what was queued under the first', async () => {
    const store = await withStore('sqlite', { RETRY_MAX_MS: '1000' })
    const before = await startOn(store, { DIVAR_API_KEY: 'the-first-key', DIVAR_API_URL: 'http://127.0.0.1:9' })
    const owed = await queue(before, { ...chatMessage('c-1', 'owed'), delivery: 'at-least-once' })
    await before.stop()
    const divar = await startDivar({ apiKey: 'the-second-key' })
    const after = await startOn(store, { DIVAR_API_KEY: 'the-second-key', ...divarAt(divar) })
    await until(after, owed, 'delivered')
  })

  test('RESOLVER_SECRET fails no click', async () => {
    const accepted = new Set(['Bearer the-old-one'])
    const url = await startService((request, response) => {
      response.writeHead(accepted.has(request.headers.authorization ?? '') ? 200 : 401)
      response.end(JSON.stringify({ url: LANDING }))
    })
    const start = (RESOLVER_SECRET: string) =>
      startTestGateway({ RESOLVER: 'forward', RESOLVER_URL: url, RESOLVER_SECRET })
    const old = await start('the-old-one')
    accepted.add('Bearer the-new-one')
    expect(replyOf(await click(old, CLICK)).url).toBe(LANDING)
    const next = await start('the-new-one')
    expect(replyOf(await click(next, CLICK)).url).toBe(LANDING)
    accepted.delete('Bearer the-old-one')
    expect(replyOf(await click(next, CLICK)).url).toBe(LANDING)
    expect((await click(old, CLICK)).status).toBe(500)
  })

  test('DIVAR_CLIENT_SECRET ends no grant: until it is set, users are asked to tap again and refreshes fail', async () => {
    const app = { ...APP }
    const { divar } = await startConsentDivar({ app })
    const environment = await withConsent(divar.url)
    const first = await startOn(environment)
    await completeFlow(await clickMenu({ url: first.url, divar }))
    await first.stop()
    await alter(String(environment['DATABASE_URL']), EXPIRED)

    const before = await startOn(environment)
    const link = await clickMenu({ url: before.url, divar }, 'seller')
    app.clientSecret = 'the-new-secret'
    const ended = await completeFlow(link, { side: 'seller' })
    expect([ended.status, ended.body]).toEqual([502, expect.stringContaining('tap the button again')])
    expect((await sendWithoutToken(before, messageTo(divar))).status).toBe(502)
    await before.stop()

    const after = await startOn(environment, { DIVAR_CLIENT_SECRET: app.clientSecret })
    // A refresh that failed is not repeated at once.
    const sent = async () => ((await sendWithoutToken(after, messageTo(divar))).status === 200 ? true : undefined)
    await eventually(sent, 'a send with the refreshed grant')
    const again = await clickMenu({ url: after.url, divar }, 'seller')
    expect((await completeFlow(again, { side: 'seller' })).location).toContain(LANDING)
  })
})
