import { expect, test } from '@jest/globals'
import { completeFlow, refreshesAt } from '../support/consent.ts'
import { restartAfter } from '../support/consent-setup.ts'
import { DATABASES } from '../support/databases.ts'
import { sendEvent, startEventReceiver } from '../support/events.ts'
import { eraseUser } from '../support/erasure.ts'
import { ask, eventually, startOn } from '../support/outbox.ts'
import { parseJson } from '../support/requests.ts'
import {
  call,
  listSubscriptions,
  putSubscription,
  registrationsAt,
  say,
  startSubscribing,
  untilSubscription,
} from '../support/subscriptions.ts'

const MINUTE_MS = 60_000
/** As if 58 minutes of the token's hour were over. */
const NEARLY_EXPIRED = `update user_grant set access_until = access_until - 3480000, refreshed_at = refreshed_at - 3480000;
  update subscription set due_at = 1`

test('a subscription waits for consent, brings events, and still does after its token was refreshed', async () => {
  const receiver = await startEventReceiver()
  const started = await startSubscribing(receiver.environment)
  const { divar, pass, wanted } = started
  const { id, state, consent_url } = await putSubscription(started.gateway, { ...wanted, metadata: { shop: 7 } })
  expect(state).toBe('waiting')
  await completeFlow(String(consent_url), { side: 'seller' })
  await untilSubscription(started.gateway, id, 'active')
  await say(divar, 'هست؟')
  expect((await receiver.received(1))[0]?.event).toMatchObject({
    type: 'NEW_MESSAGE',
    metadata: { shop: 7 },
    message: { text: 'هست؟' },
  })
  expect(registrationsAt(divar)).toHaveLength(1)

  pass(58 * MINUTE_MS)
  const gateway = await restartAfter(started, NEARLY_EXPIRED)
  await eventually(() => Promise.resolve(registrationsAt(divar).length === 2 ? true : undefined), 'registered anew')
  expect(refreshesAt(divar)).toBe(1)
  // The former token ends two minutes after the refresh, and its subscription with it.
  pass(5 * MINUTE_MS)
  await say(divar, 'هنوز هست؟')
  expect((await receiver.received(2))[1]?.event).toMatchObject({ message: { text: 'هنوز هست؟' } })
  await untilSubscription(gateway, id, 'active')
  await eventually(async () => {
    const { text } = await ask(gateway, '/metrics')
    return /^kenar_subscriptions\{state="active"\} 1$/m.test(text) ? true : undefined
  }, 'counted')
}, 60_000)

test.each(DATABASES.filter((kind) => kind === 'postgres'))(
  'two gateways on %s register each subscription once',
  async (kind) => {
    const { divar, environment, gateway, wanted } = await startSubscribing({}, kind)
    const second = await startOn({ ...environment, PORT: '0' })
    const first = await putSubscription(gateway, wanted)
    await completeFlow(String(first.consent_url), { side: 'seller' })
    const ids = [first.id]
    for (let shop = 1; shop < 6; shop += 1) {
      ids.push((await putSubscription(shop % 2 === 0 ? gateway : second, { ...wanted, metadata: { shop } })).id)
    }
    for (const id of ids) await untilSubscription(second, id, 'active')
    expect(registrationsAt(divar)).toHaveLength(ids.length)
  },
  60_000,
)

test('a subscription waits again once its user revokes the access, and ends when the user is erased', async () => {
  const { gateway, wanted } = await startSubscribing()
  const { id, consent_url } = await putSubscription(gateway, wanted)
  await completeFlow(String(consent_url), { side: 'seller' })
  await untilSubscription(gateway, id, 'active')
  const revoked = { type: 'USER_ACCESS_REVOCATION', user_access_revocation: { user_id: wanted.user_id } }
  await sendEvent(gateway, revoked).expect(200)
  const waiting = await untilSubscription(gateway, id, 'waiting')
  expect(waiting.consent_url).toMatch(/\/oauth\/start\/cns_/)
  const { text } = await eraseUser(gateway, wanted.user_id).expect(200)
  expect(parseJson(text)).toMatchObject({ subscriptions: 1, left: false })
  expect((await listSubscriptions(gateway)).subscriptions).toEqual([])
}, 60_000)

test('a subscription that Divar refuses has its answer, and is registered again when it is put again', async () => {
  const { divar, gateway, wanted } = await startSubscribing()
  const { id, consent_url } = await putSubscription(gateway, wanted)
  divar.misbehave({ kind: 'answer', status: 403, body: '{"code":7,"message":"not this app"}' })
  await completeFlow(String(consent_url), { side: 'seller' })
  expect(await untilSubscription(gateway, id, 'failed')).toMatchObject({
    next_attempt_at: null,
    error: { code: 'not_permitted', divar: { status: 403, code: 7, message: 'not this app' } },
  })
  await putSubscription(gateway, wanted)
  expect((await untilSubscription(gateway, id, 'active')).error).toBeUndefined()
  const deleted = await call(gateway, 'delete', `/subscriptions/${id}`).expect(200)
  expect(parseJson(deleted.text)['note']).toMatch(/may still come/)
}, 60_000)
