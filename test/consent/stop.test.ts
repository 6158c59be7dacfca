import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import {
  ask,
  clickMenu,
  messageTo,
  refreshesAt,
  sendWithoutToken,
  startConsentDivar,
  completeFlow,
  withConsent,
} from '../support/consent.ts'
import { DATABASES, newFolder, withStore } from '../support/databases.ts'
import { environment } from '../support/gateway.ts'
import { EXPIRED, startConsentSetup } from '../support/consent-setup.ts'
import { eventually, spawnReachable, startOn } from '../support/outbox.ts'
import { click, CLICK, parseJson } from '../support/requests.ts'
import { alter, inFile } from '../support/stores.ts'

// On SQLite there is no other gateway.
const onPostgres = DATABASES.includes('postgres') ? test : test.skip

onPostgres('a stop does not wait for a refresh by another gateway: the send is answered as not sent', async () => {
  const { divar } = await startConsentDivar()
  const given = await withConsent(divar.url, { on: 'postgres' })
  const first = await startOn(given)
  await completeFlow(await clickMenu({ url: first.url, divar }))
  await first.stop()
  const inOtherHands = "access_until = 0, lease_owner = 'gw_other', lease_until = 9000000000000"
  await alter(String(given['DATABASE_URL']), `update user_grant set ${inOtherHands}`)

  // Without the stop it would wait for the other one's lease, longer than a test lasts.
  const gateway = await startOn(given, { SHUTDOWN_GRACE_MS: '50', DIVAR_TIMEOUT_MS: '60000' })
  const sending = sendWithoutToken(gateway, messageTo(divar)).then(({ status, text }) => [status, parseJson(text)])
  // It is in there once another request that came later is answered.
  await eventually(
    async () => ((await ask(gateway, '/metrics')).status === 200 ? true : undefined),
    'the send under way',
  )
  await gateway.stop()
  expect(await sending).toEqual([502, expect.objectContaining({ code: 'not_sent' })])
})

describe('SIGTERM during a token refresh', () => {
  /** The refresh token has five days left, so it is renewed by itself. */
  const UNUSED = 'update user_grant set refresh_until = refresh_until - 2160000000'

  /** The program itself, on the store of a user who has consented; Divar rotates the pair and holds its answer back. */
  async function refreshing(statement: string, graceMs: number) {
    const at = await startConsentSetup()
    await completeFlow(await clickMenu(at.at))
    await at.gateway.stop()
    await alter(String(at.environment['DATABASE_URL']), statement)
    const [asked, answered] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()]
    at.proxy.onToken(() => {
      asked.resolve(undefined)
      return answered.promise
    })
    const gateway = await spawnReachable(at.divar, { ...at.environment, SHUTDOWN_GRACE_MS: String(graceMs) })
    const sending =
      statement === EXPIRED
        ? sendWithoutToken(gateway, messageTo(at.divar)).then(({ status }) => status)
        : Promise.resolve('nothing to send')
    await asked.promise
    gateway.kill('SIGTERM')
    await gateway.said('gateway.stopping')
    const answerAsUsual = () => {
      at.proxy.asUsual()
      answered.resolve(undefined)
    }
    const sendLater = async () => (await sendWithoutToken(await startOn(at.environment), messageTo(at.divar))).status
    return { ...at, gateway, sending, answerAsUsual, sendLater }
  }

  test.each([
    ['and sends the waiting message', EXPIRED, 200],
    ['even if no message waits for it', UNUSED, 'nothing to send'],
  ])('waits for the answer %s, and the new pair is stored', async (_, statement, sent) => {
    const at = await refreshing(statement, 15_000)
    at.answerAsUsual()
    expect([await at.sending, await at.gateway.exited]).toEqual([sent, 0])
    // Divar no longer accepts the previous pair.
    at.pass(5 * 60_000)
    expect([await at.sendLater(), refreshesAt(at.divar)]).toEqual([200, 1])
  })

  test('waits at most SHUTDOWN_GRACE_MS: the message is answered not_sent, and the grant is kept', async () => {
    const at = await refreshing(EXPIRED, 200)
    expect([await at.sending, await at.gateway.exited]).toEqual([502, 0])
    at.answerAsUsual()
    await alter(String(at.environment['DATABASE_URL']), 'update user_grant set lease_until = 0')
    expect(await at.sendLater()).toBe(200)
  })
})

test('saved clicks are deleted when they expire, even without consent configured', async () => {
  const store = await withStore('sqlite', {
    DATABASE_URL: `file:${join(await newFolder(), 'gateway.db')}`,
    LANDING_URL_TEMPLATE: 'https://app.example.com/{click_id}',
    DELETE_AFTER_START_MS: '0',
  })
  const url = String(store['DATABASE_URL'])
  const rows = () => inFile(url, (file) => file.prepare('select count(*) from click').pluck().get())
  const first = await startOn({ ...environment(), ...store })
  expect((await click(first, CLICK)).status).toBe(200)
  await first.stop()
  expect(rows()).toBe(1)
  await alter(url, 'update click set expires_at = 0')
  const second = await startOn({ ...environment(), ...store })
  await second.stop()
  expect(rows()).toBe(0)
})
