import { expect, test } from '@jest/globals'
import { clickMenu, completeFlow, startConsentGateway } from '../support/consent.ts'
import { ask as askAs } from '../support/outbox.ts'
import { sendEvent, startEventReceiver } from '../support/events.ts'
import type { TestGateway } from '../support/gateway.ts'
import { parseJson } from '../support/requests.ts'

/** A gateway with one grant of the buyer's. */
async function startWithGrant(more: Record<string, string | undefined> = {}) {
  const gateway = await startConsentGateway({}, more)
  await completeFlow(await clickMenu(gateway))
  const userId = gateway.divar.world.people.buyer.v2Id
  expect(await countGrants(gateway, userId)).toBe(1)
  return { gateway, userId, revoked: { type: 'USER_ACCESS_REVOCATION', user_access_revocation: { user_id: userId } } }
}

async function countGrants(gateway: TestGateway, userId: string): Promise<number> {
  const { grants } = parseJson((await askAs(gateway, `/grants?user_id=${encodeURIComponent(userId)}`)).text)
  return Array.isArray(grants) ? grants.length : NaN
}

test("a revoked access ends the user's grants before the answer, also without EVENTS_URL", async () => {
  const { gateway, userId, revoked } = await startWithGrant()
  const response = await sendEvent(gateway, revoked)
  expect([response.status, response.text]).toEqual([200, '{}'])
  expect(await countGrants(gateway, userId)).toBe(0)
  expect((await sendEvent(gateway, revoked)).status).toBe(200)
  expect((await sendEvent(gateway, { type: 'NEW_MESSAGE' })).status).toBe(501)
  expect((await sendEvent(gateway, { type: 'USER_ACCESS_REVOCATION' })).status).toBe(200)
  expect(await gateway.logged('event.without_user')).toMatchObject({ level: 'warn' })
})

test('a revoked access is passed on too, and ends the grants even if EVENTS_TYPES leaves it out', async () => {
  const receiver = await startEventReceiver()
  const passing = await startWithGrant(receiver.environment)
  await sendEvent(passing.gateway, passing.revoked).expect(200)
  expect(await countGrants(passing.gateway, passing.userId)).toBe(0)
  expect((await receiver.received(1))[0]?.event).toMatchObject({ user_id: passing.userId })

  const filtering = await startWithGrant({ ...receiver.environment, EVENTS_TYPES: 'NEW_MESSAGE' })
  await sendEvent(filtering.gateway, filtering.revoked).expect(200)
  expect(await countGrants(filtering.gateway, filtering.userId)).toBe(0)
  expect(receiver.events).toHaveLength(1)
})
