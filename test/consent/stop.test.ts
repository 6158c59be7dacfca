import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { ask, clicked, messageTo, sendWithoutToken, startConsentDivar, walk, withConsent } from '../support/consent.ts'
import { DATABASES, newFolder, withStore } from '../support/databases.ts'
import { environment } from '../support/gateway.ts'
import { eventually, startOn } from '../support/outbox.ts'
import { click, CLICK, parseJson } from '../support/requests.ts'
import { alter, inFile } from '../support/stores.ts'

// On SQLite there is no other gateway.
const onPostgres = DATABASES.includes('postgres') ? test : test.skip

onPostgres(
  'a stop does not wait for a refresh that another gateway is at: the send is answered as not sent',
  async () => {
    const { divar } = await startConsentDivar()
    const given = await withConsent(divar.url, { on: 'postgres' })
    const first = await startOn(given)
    await walk(await clicked({ url: first.url, divar }))
    await first.stop()
    const inOtherHands = "access_until = 0, lease_owner = 'gw_other', lease_until = 9000000000000"
    await alter(String(given['DATABASE_URL']), `update user_grant set ${inOtherHands}`)

    const gateway = await startOn(given, { SHUTDOWN_GRACE_MS: '50' })
    const sending = sendWithoutToken(gateway, messageTo(divar)).then(({ status, text }) => [status, parseJson(text)])
    // It is in there once another request that came later is answered.
    await eventually(
      async () => ((await ask(gateway, '/metrics')).status === 200 ? true : undefined),
      'the send under way',
    )
    await gateway.stop()
    expect(await sending).toEqual([502, expect.objectContaining({ code: 'not_sent' })])
  },
)

test('kept clicks are deleted in time though consent is not set up', async () => {
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
