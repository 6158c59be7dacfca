import { expect, test } from '@jest/globals'
import { completeFlow, startConsentDivar, withConsent } from '../support/consent.ts'
import { DATABASES } from '../support/databases.ts'
import { endLease, eventually, spawnReachable, startOn } from '../support/outbox.ts'
import {
  listSubscriptions,
  MAY_SUBSCRIBE,
  putSubscription,
  registrationsAt,
  untilSubscription,
} from '../support/subscriptions.ts'
import { alter } from '../support/stores.ts'

/** As if its time were over. */
const LEASE_OVER = 'update subscription set lease_until = 1'

test.each(DATABASES)(
  'on %s, a subscription whose gateway is killed after Divar took it, before that is committed, is registered once more',
  async (kind) => {
    const { divar } = await startConsentDivar()
    const environment = { ...(await withConsent(divar.url, { on: kind })), ...MAY_SUBSCRIBE }
    const wanted = { user_id: divar.world.people.seller.v2Id, event_type: 'NEW_MESSAGE_ON_POST' }
    const first = await spawnReachable(divar, { ...environment, DIVAR_TIMEOUT_MS: '60000' })
    const { id, consent_url } = await putSubscription(first, wanted)
    const [other] = await Promise.all([
      putSubscription(first, { ...wanted, post_token: divar.world.post.token }),
      completeFlow(String(consent_url), { side: 'seller' }),
    ])
    await untilSubscription(first, id, 'active')
    await untilSubscription(first, other.id, 'active')
    expect(registrationsAt(divar)).toHaveLength(2)

    divar.misbehave({ kind: 'silence' })
    const cutOff = await putSubscription(first, { ...wanted, metadata: { shop: 7 } })
    await eventually(() => Promise.resolve(registrationsAt(divar)[2]), 'the registration at Divar')
    first.kill('SIGKILL')
    await first.exited
    if (kind === 'postgres') await endLease(environment)
    await alter(String(environment['DATABASE_URL']), LEASE_OVER)

    const second = await startOn(environment)
    await untilSubscription(second, cutOff.id, 'active')
    expect((await listSubscriptions(second)).subscriptions.map(({ state }) => state)).toEqual(Array(3).fill('active'))
    expect(registrationsAt(divar).map(({ body }) => body['metadata'])).toEqual([
      undefined,
      undefined,
      { shop: 7 },
      { shop: 7 },
    ])
  },
  60_000,
)
