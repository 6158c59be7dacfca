import { afterEach, expect, jest, test } from '@jest/globals'
import { newId } from '../../src/base/id.ts'
import { createKeyring } from '../../src/base/keyring.ts'
import { createLogger } from '../../src/observability/log.ts'
import { Counter } from '../../src/observability/metrics.ts'
import { createGrantCodec } from '../../src/consent/grant.ts'
import { createConsentMaintenance } from '../../src/consent/maintenance.ts'
import { createRefresher } from '../../src/consent/refresher.ts'
import { TokenRouteHold } from '../../src/divar/token-client.ts'
import { ClockWatch } from '../../src/store/clock-watch.ts'
import { DATABASES, newDatabase, query } from '../support/databases.ts'
import { newGrant } from '../support/grants.ts'
import { eventually } from '../support/outbox.ts'
import { openAt } from '../support/stores.ts'

const NEXT_LOOK_MS = 30_000
const DAY_MS = 24 * 60 * 60 * 1000
const log = createLogger('silent')

afterEach(() => {
  jest.useRealTimers()
})

const onPostgres = DATABASES.includes('postgres') ? test : test.skip

onPostgres(
  'grants that cannot be refreshed do not delay others: each maintenance run tries up to ten, then the next ones',
  async () => {
    const url = await newDatabase('postgres')
    const store = await openAt(url)
    const codec = createGrantCodec(createKeyring([Buffer.alloc(32, 7)]))
    for (let number = 1; number <= 12; number += 1) {
      const id = newId('grt')
      const grant = { scopes: [{ kind: 'seller' }] as const, accessToken: 'a', refreshToken: `refresh ${number}` }
      await store.addGrant(newGrant({ id, content: codec.seal(id, grant), refreshMs: DAY_MS }))
    }
    const asked: string[] = []
    const refresher = createRefresher({
      store,
      codec,
      client: {
        hold: new TokenRouteHold(1),
        refresh: (refreshToken) => {
          asked.push(refreshToken)
          return Promise.resolve({ kind: 'failed', reason: 'no answer' })
        },
      },
      owner: 'gw_1',
      timeoutMs: 1000,
      metrics: new Counter(),
      shutdownSignal: new AbortController().signal,
      log,
    })
    const metrics: { grants: number | undefined } = { grants: undefined }
    const onResealed = () => Promise.resolve()
    const clock = new ClockWatch(store, log, 0)
    const maintenance = createConsentMaintenance({ store, clock, codec, refresher, metrics, onResealed, log })
    /** Counting is the last step of a run. */
    const looked = () => eventually(() => Promise.resolve(metrics.grants), 'a maintenance run')

    jest.useFakeTimers({
      doNotFake: ['Date', 'performance', 'nextTick', 'queueMicrotask', 'setImmediate', 'setInterval'],
    })
    maintenance.start()
    await looked()
    expect(asked).toHaveLength(10)
    // The rest after a failure is over for all of them.
    await query(url, 'update user_grant set lease_until = 0')
    metrics.grants = undefined
    jest.advanceTimersByTime(NEXT_LOOK_MS)
    await looked()
    expect([asked.length, new Set(asked).size]).toEqual([12, 12])
    await maintenance.stop()
  },
)
