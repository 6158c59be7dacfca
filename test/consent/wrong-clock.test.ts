import { describe, expect, test } from '@jest/globals'
import { createKeyring } from '../../src/base/keyring.ts'
import { createLogger } from '../../src/observability/log.ts'
import { createGrantCodec } from '../../src/consent/grant.ts'
import { createConsentMaintenance } from '../../src/consent/maintenance.ts'
import { ClockWatch } from '../../src/store/clock-watch.ts'
import { DATABASES } from '../support/databases.ts'
import { clickMenu, completeFlow, LANDING, startConsentDivar, withConsent } from '../support/consent.ts'
import { restartAfter } from '../support/consent-setup.ts'
import { newGrant } from '../support/grants.ts'
import { eventually, startOn } from '../support/outbox.ts'
import { newStore, sealed } from '../support/stores.ts'

const HOUR_MS = 3_600_000

describe.each(DATABASES)('on %s', (kind) => {
  test.each([
    ['a clock that has just jumped ahead deletes no grants and clicks', HOUR_MS, 0],
    ['a clock that has not jumped deletes expired grants and clicks', 0, 2],
  ])('%s', async (_, jumpMs, deleted) => {
    const store = await newStore(kind)
    const log = createLogger('silent')
    const codec = createGrantCodec(createKeyring([Buffer.alloc(32, 7)]))
    await store.addGrant(newGrant({ accessMs: 0, refreshMs: 0 }))
    await store.saveClick('clk_1', sealed('x'), 0)
    let aheadMs = 0
    const readClock = async () => {
      const clock = await store.readClock()
      return { ...clock, nowMs: clock.nowMs + aheadMs }
    }
    const clock = new ClockWatch({ readClock, confirmClock: store.confirmClock }, log, 0)
    expect(await clock.mayDelete()).toBe(true)
    aheadMs = jumpMs

    let count = 0
    const expire = async (limit: number) => {
      const gone = await store.expire(limit)
      count += gone
      return gone
    }
    const metrics: { grants: number | undefined } = { grants: undefined }
    const maintenance = createConsentMaintenance({
      store: { ...store, expire },
      clock,
      codec,
      refresher: undefined,
      metrics,
      onResealed: () => Promise.resolve(),
      log,
    })
    maintenance.start()
    // Counting is the last step of a run.
    await eventually(() => Promise.resolve(metrics.grants), 'a maintenance run')
    await maintenance.stop()
    expect(count).toBe(deleted)
  })
})

test('users are not asked again while the clock is 31 days ahead', async () => {
  const { divar } = await startConsentDivar()
  const environment = await withConsent(divar.url)
  const first = await startOn(environment)
  await completeFlow(await clickMenu({ url: first.url, divar }))
  const earlier = (column: string) => `${column} = ${column} - ${31 * 24 * HOUR_MS}`
  const gateway = await restartAfter(
    { gateway: first, environment },
    `update user_grant set ${['access_until', 'refresh_until', 'ends_at', 'refreshed_at'].map(earlier).join(', ')};
     update clock set ${earlier('heard_at')}`,
  )
  await gateway.logged('store.clock_doubted')
  expect(await clickMenu({ url: gateway.url, divar })).toContain(LANDING)
})
