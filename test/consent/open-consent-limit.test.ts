import { expect, test } from '@jest/globals'
import supertest from 'supertest'
import { ask, clickMenu, startConsentGateway } from '../support/consent.ts'
import { DATABASES, query, withStore } from '../support/databases.ts'
import { KEYS } from '../support/gateway.ts'
import { parseJson } from '../support/requests.ts'

const FALLBACK = 'https://app.example.com/sorry'

/** Fills a limit with flows that stay open. */
async function fill(url: string, startedBy: string, flows: number): Promise<void> {
  await query(
    url,
    `insert into consent (id, state, content, content_key, expires_at, begun_by, link_until)
     select $1 || n, $1 || n, ''::bytea, 'k', 9e15, $1, 9e15 from generate_series(1, $2::int) as n`,
    [startedBy, flows],
  )
}

const onPostgres = DATABASES.includes('postgres') ? test : test.skip

onPostgres('at the limit of open consents a caller gets 429 and a click gets the fallback landing', async () => {
  const store = await withStore('postgres')
  const gateway = await startConsentGateway({ scopes: ['chat'] }, { ...store, FALLBACK_LANDING_URL: FALLBACK })
  await fill(String(store['DATABASE_URL']), 'caller:orders', 1000)

  const { status, text, headers } = await supertest(gateway.internalUrl)
    .post('/consents')
    .set('x-api-key', KEYS.caller)
    .send({ scopes: ['phone'], user_id: 'u-1', return_url: 'https://app.example.com/thanks' })
  expect([status, parseJson(text)['code']]).toEqual([429, 'too_many_consents'])
  expect(Number(headers['retry-after'])).toBeGreaterThan(0)
  // A user without a grant is refused without a link.
  const refused = await ask(gateway, '/users/u-1')
  expect([refused.status, parseJson(refused.text)]).toMatchObject([403, { code: 'consent_required' }])
  expect(parseJson(refused.text)).not.toHaveProperty('consent_url')

  expect(await clickMenu(gateway)).toMatch(/\/oauth\/start\//)
  await fill(String(store['DATABASE_URL']), 'click', 50_000)
  expect(await clickMenu(gateway)).toBe(FALLBACK)
  expect(await gateway.logged('click.fell_back')).toMatchObject({ reason: 'too many consents are under way' })
})
