import { randomBytes } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { newId } from '../../src/base/id.ts'
import { createKeyring, SealError } from '../../src/base/keyring.ts'
import { createGrantCodec } from '../../src/consent/grant.ts'
import { createLogger } from '../../src/observability/log.ts'
import { readScope } from '../../src/scope/scope.ts'
import type { SubscriptionState } from '../../src/store/subscription-store.ts'
import { createSubscriptionMaintenance } from '../../src/subscriptions/maintenance.ts'
import type { Finish } from '../../src/subscriptions/register-claimed.ts'
import { Renewer } from '../../src/subscriptions/renewer.ts'
import { createSubscriptionCodec, type Wanted } from '../../src/subscriptions/subscription.ts'
import { createSubscriptions } from '../../src/subscriptions/subscriptions.ts'
import { trustClock } from '../support/clock.ts'
import { eventually } from '../support/outbox.ts'
import { MINUTE_MS, newStore } from '../support/stores.ts'

const log = createLogger('silent')
const WANTED: Wanted = { userId: 'u-1', eventType: 'POST_UPDATE' }
const PAGE = { limit: 10 }

function codecsOf(...keys: [Buffer, ...Buffer[]]) {
  const keyring = createKeyring(keys)
  const grants = createGrantCodec(keyring)
  return { grants, subscriptions: createSubscriptionCodec(keyring, grants) }
}

/** A store with a grant of the user, and the subscriptions under these keys. */
async function startWithGrant(...keys: [Buffer, ...Buffer[]]) {
  const store = await newStore('sqlite')
  await trustClock(store)
  const { grants, subscriptions: codec } = codecsOf(...keys)
  const granted = { userId: 'u-1', scopes: [readScope('USER_POSTS_GET')], accessToken: 'at' }
  const times = { accessMs: 60 * MINUTE_MS, refreshMs: undefined }
  await store.addGrant({
    id: 'grt_1',
    content: grants.seal('grt_1', granted),
    names: grants.namesOf(granted),
    ...times,
  })
  return { store, codec, subscriptions: createSubscriptions({ store, codec, onPut: () => undefined, log }) }
}

describe('a row that a newer version has sealed', () => {
  test('is left out of the list and not resealed, and the others are', async () => {
    const [older, newest] = [randomBytes(32), randomBytes(32)]
    const { store, codec, subscriptions } = await startWithGrant(older)
    const id = newId('sub')
    const unknown = { kind: 'subscription', caller: 'orders', user_id: 'u-1', event_type: 'OF_A_NEWER_VERSION' }
    const content = createKeyring([older]).seal(JSON.stringify(unknown), `subscription/${id}/content`)
    const row = {
      id,
      caller: 'orders',
      macs: codec.macs('orders', WANTED),
      content,
      names: codec.names(WANTED),
      max: 9,
    }
    await store.putSubscription(row)
    const { id: other } = await subscriptions.put('orders', { ...WANTED, metadata: { other: 1 } })
    expect((await subscriptions.list('orders', PAGE)).subscriptions).toMatchObject([{ id: other }])
    await expect(subscriptions.put('orders', WANTED)).rejects.toThrow(SealError)
    const { subscriptions: withNewest } = codecsOf(newest, older)
    const metrics: { subscriptions: Record<SubscriptionState, number> | undefined } = { subscriptions: undefined }
    const onResealed = () => Promise.resolve()
    const maintenance = createSubscriptionMaintenance({ store, codec: withNewest, metrics, onResealed, log })
    maintenance.start()
    await eventually(() => Promise.resolve(metrics.subscriptions), 'the round is done')
    await maintenance.stop()
    const left = await store.findSubscriptionsUnderOtherKeys(withNewest.primary, 10)
    expect(left.map((one) => one.id)).toEqual([id])
  })
})

describe('a gateway that stops', () => {
  test('begins no further registration, and commits the one that runs', async () => {
    const { store, codec, subscriptions } = await startWithGrant(randomBytes(32))
    const { id } = await subscriptions.put('orders', WANTED)
    await subscriptions.put('orders', { ...WANTED, metadata: { other: 1 } })
    const begun: string[] = []
    const { promise: answered, resolve: answer } = Promise.withResolvers<undefined>()
    const renewer = new Renewer({
      store,
      registerClaimed: async ({ id: claimedId, grantId, grantVersion }): Promise<Finish> => {
        begun.push(claimedId)
        await answered
        const content = codec.seal(claimedId, 'orders', WANTED)
        const result = { outcome: 'registered' as const, activeMs: MINUTE_MS, content }
        return { id: claimedId, grantId, grantVersion, failures: 0, dueInMs: undefined, result }
      },
      owner: 'gw-1',
      leaseMs: MINUTE_MS,
      log,
    })
    renewer.start()
    await eventually(() => Promise.resolve(begun.length > 0 ? true : undefined), 'one has begun')
    const drained = renewer.drain()
    renewer.wake()
    answer(undefined)
    await drained
    expect(begun).toEqual([id])
    expect((await subscriptions.list('orders', { ...PAGE, state: 'active' })).subscriptions).toMatchObject([{ id }])
  })
})

describe('after a rotation of the key', () => {
  test('subscriptions are sealed under the newest one, and the same PUT still finds them', async () => {
    const [older, newest] = [randomBytes(32), randomBytes(32)]
    const { store, subscriptions } = await startWithGrant(older)
    const { id } = await subscriptions.put('orders', WANTED)
    const { subscriptions: codec } = codecsOf(newest, older)
    const resealed: number[] = []
    const metrics: { subscriptions: Record<SubscriptionState, number> | undefined } = { subscriptions: undefined }
    const onResealed = (rows: number) => Promise.resolve(void resealed.push(rows))
    const maintenance = createSubscriptionMaintenance({ store, codec, metrics, onResealed, log })
    maintenance.start()
    await eventually(() => Promise.resolve(metrics.subscriptions), 'the round is done')
    await maintenance.stop()
    expect([resealed, metrics.subscriptions]).toEqual([[1], { active: 0, waiting: 1, failed: 0 }])
    const { subscriptions: alone } = codecsOf(newest)
    const withNewest = createSubscriptions({ store, codec: alone, onPut: () => undefined, log })
    expect(await withNewest.put('orders', WANTED)).toMatchObject({ id, wanted: WANTED })
  })

  test('a row whose key is gone is left out of the list, and can be deleted', async () => {
    const { store, subscriptions } = await startWithGrant(randomBytes(32))
    const { id } = await subscriptions.put('orders', WANTED)
    const { subscriptions: codec } = codecsOf(randomBytes(32))
    const without = createSubscriptions({ store, codec, onPut: () => undefined, log })
    expect((await without.list('orders', PAGE)).subscriptions).toEqual([])
    expect(await without.remove('orders', id)).toBe(true)
  })
})
