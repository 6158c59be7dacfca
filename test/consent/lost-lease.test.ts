import { describe, expect, test } from '@jest/globals'
import { messageTo, sendWithoutToken } from '../support/consent.ts'
import { DATABASES, query } from '../support/databases.ts'
import type { Change } from '../support/divar-proxy.ts'
import { allGrants, consented, EXPIRED } from '../support/consent-setup.ts'

// On SQLite there is no other gateway.
const onPostgres = DATABASES.includes('postgres') ? describe : describe.skip

onPostgres('a gateway whose refresh was so slow that another gateway has refreshed the token pair', () => {
  /** The other gateway stores the same pair with a later expiry. */
  const OF_ANOTHER = `update user_grant set version = version + 1, lease_owner = null, lease_until = null,
    access_until = 9000000000000`

  async function sentLate(answer: Change) {
    const at = await consented(EXPIRED, { on: 'postgres' })
    at.proxy.onToken(async (...told) => {
      await query(String(at.environment['DATABASE_URL']), OF_ANOTHER)
      return answer(...told)
    })
    return { ...at, sent: (await sendWithoutToken(at.gateway, messageTo(at.divar))).status }
  }

  test('uses the stored pair, not its own', async () => {
    let own: unknown
    const { sent, divar } = await sentLate(({ json }) => {
      own = json['access_token']
      return undefined
    })
    expect(sent).toBe(200)
    expect(own).toEqual(expect.any(String))
    expect(divar.received.map(({ headers }) => headers.authorization)).not.toContain(`Bearer ${String(own)}`)
  })

  test('does not end the grant on invalid_grant', async () => {
    const at = await sentLate(() => ({ status: 400, body: '{"error":"invalid_grant"}' }))
    expect(at.sent).toBe(200)
    expect(await allGrants(at)).toHaveLength(1)
    expect(at.gateway.lines().map(({ event }) => event)).not.toContain('grant.ended')
  })
})
