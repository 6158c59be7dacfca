import { describe, expect, test } from '@jest/globals'
import { messageTo, refreshesAt, sendWithoutToken } from '../support/consent.ts'
import { allowConnections, DATABASES, query } from '../support/databases.ts'
import type { TestGateway } from '../support/gateway.ts'
import { consented, NEARLY_EXPIRED, EXPIRED } from '../support/consent-setup.ts'
import { eventually } from '../support/outbox.ts'
import { parseJson } from '../support/requests.ts'

/** Long enough for a database to come back. */
const PATIENT = { SHUTDOWN_GRACE_MS: '15000' }

/** The pair is old enough to be doubted. */
const AGED = 'update user_grant set refreshed_at = refreshed_at - 3600000'

/** Commits of a new pair that the store did not take. */
function failedCommits(all: readonly Record<string, unknown>[]): number {
  return all.filter(({ event, what }) => event === 'store.failed' && what === 'commitRefresh').length
}

describe.each(DATABASES.filter((kind) => kind === 'postgres'))(
  'a new token pair that could not be committed while %s was unavailable',
  (on) => {
    /** One send refreshes the pair; the store goes away between Divar's answer and the commit, and stays away for two more tries. */
    async function refreshedWhileAway(statement: string) {
      const at = await consented(statement, { on, environment: PATIENT })
      const url = String(at.environment['DATABASE_URL'])
      if (statement === AGED) at.divar.grants.expireAll()
      at.proxy.onToken(async () => {
        await allowConnections(url, false)
        return undefined
      })
      const { status, text } = await sendWithoutToken(at.gateway, messageTo(at.divar))
      await at.gateway.loggedWhen((all) => failedCommits(all) >= 3)
      const isStored = async () => (await query(url, 'select version from user_grant'))[0]?.['version'] === 2
      return { ...at, url, sent: { status, code: parseJson(text)['code'] }, isStored }
    }

    const goesOn = async (gateway: TestGateway, divar: Parameters<typeof messageTo>[0]) =>
      (await sendWithoutToken(gateway, messageTo(divar))).status

    test.each([
      ['is nearly expired: it is used until then', NEARLY_EXPIRED, { status: 200 }],
      ['has expired: the message is answered not_sent', EXPIRED, { status: 502, code: 'not_sent' }],
      ['is refused by Divar: the message is answered not_sent', AGED, { status: 502, code: 'not_sent' }],
    ])('is stored once it is back and used from then on; the previous token %s', async (_, statement, sent) => {
      const at = await refreshedWhileAway(statement)
      expect(at.sent).toMatchObject(sent)
      await allowConnections(at.url, true)
      await eventually(async () => ((await at.isStored()) ? true : undefined), 'the new pair in the store')
      // Divar no longer accepts the previous pair.
      at.pass(5 * 60_000)
      expect(await goesOn(at.gateway, at.divar)).toBe(200)
      expect(refreshesAt(at.divar)).toBe(1)
    })

    test('is not lost by a stop, which waits for the commit within SHUTDOWN_GRACE_MS', async () => {
      const at = await refreshedWhileAway(NEARLY_EXPIRED)
      const stopped = at.gateway.stop()
      await allowConnections(at.url, true)
      expect(await stopped).toBe(true)
      expect(await at.isStored()).toBe(true)
    })
  },
)

test.each(DATABASES.filter((kind) => kind === 'postgres'))(
  'a message without a token is refused while %s is unavailable, and sent after that',
  async (on) => {
    const at = await consented('select 1', { on })
    const url = String(at.environment['DATABASE_URL'])
    const send = () => sendWithoutToken(at.gateway, messageTo(at.divar))
    await allowConnections(url, false)
    const { status, text } = await send()
    expect([status, parseJson(text)]).toEqual([
      503,
      expect.objectContaining({ code: 'store_unavailable', retryable: true }),
    ])
    expect(at.divar.received).toEqual([])
    await allowConnections(url, true)
    await eventually(async () => ((await send()).status === 200 ? true : undefined), 'the store is back')
  },
)
