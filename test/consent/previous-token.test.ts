import { expect, test } from '@jest/globals'
import {
  clickMenu,
  messageTo,
  refreshesAt,
  sendWithoutToken,
  startConsentDivar,
  completeFlow,
  withConsent,
} from '../support/consent.ts'
import { NEARLY_EXPIRED, restartAfter } from '../support/consent-setup.ts'
import { startOn } from '../support/outbox.ts'
import { parseJson } from '../support/requests.ts'

/** Older than a minute, so it is refreshed when refused; the previous pair is valid for half a minute more. */
const AGED_PAIR = `update user_grant set refreshed_at = refreshed_at - 90000`

/** A gateway that refreshes a pair with its next send, and a way to send. */
async function aboutToRefresh() {
  const { divar, pass } = await startConsentDivar()
  const environment = await withConsent(divar.url)
  const first = await startOn(environment)
  await completeFlow(await clickMenu({ url: first.url, divar }))
  const gateway = await restartAfter({ gateway: first, environment }, NEARLY_EXPIRED)
  const send = async (by = gateway) => {
    const { status, text } = await sendWithoutToken(by, messageTo(divar))
    return { status, code: parseJson(text)['code'] }
  }
  const tokensSeen = () => divar.received.map(({ headers }) => headers.authorization)
  return { divar, pass, environment, gateway, send, tokensSeen }
}

test('if Divar does not know a new token yet, the previous token is used, without another refresh', async () => {
  const { divar, send, tokensSeen } = await aboutToRefresh()
  divar.conversation.faults.arm('new_token_refused', 1)
  for (let times = 0; times < 2; times += 1) expect(await send()).toMatchObject({ status: 200 })
  const [fresh, former, ...again] = tokensSeen()
  expect(former).not.toBe(fresh)
  expect(again).toEqual([fresh, former])
  expect(refreshesAt(divar)).toBe(1)
})

test('if Divar refuses the new and the previous token, the answer is token_refused, without another refresh', async () => {
  const { divar, pass, send, tokensSeen } = await aboutToRefresh()
  divar.conversation.faults.arm('new_token_refused', 1)
  expect(await send()).toMatchObject({ status: 200 })
  // Divar's two minutes for the previous pair are over.
  pass(3 * 60_000)
  expect(await send()).toEqual({ status: 403, code: 'token_refused' })
  expect([tokensSeen().length, refreshesAt(divar)]).toEqual([4, 1])
})

test('if Divar refuses an old token and the previous one, the same message is sent with a refreshed token', async () => {
  const { divar, environment, gateway, send, tokensSeen } = await aboutToRefresh()
  expect(await send()).toMatchObject({ status: 200 })
  const later = await restartAfter({ gateway, environment }, AGED_PAIR)
  divar.grants.expireAll()
  expect(await send(later)).toMatchObject({ status: 200 })
  expect([new Set(tokensSeen().slice(1)).size, refreshesAt(divar)]).toEqual([3, 2])
})

test.each([
  ['is still used 90 s after the refresh', 90, { status: 200 }],
  ['is not used 121 s after the refresh', 121, { status: 403, code: 'token_refused' }],
])('while Divar does not know the new token, the previous one %s', async (_, seconds, expected) => {
  const { divar, environment, gateway, send } = await aboutToRefresh()
  divar.conversation.faults.arm('new_token_refused', 1)
  expect(await send()).toMatchObject({ status: 200 })
  const passed = `update user_grant set previous_until = previous_until - ${seconds * 1000}`
  expect(await send(await restartAfter({ gateway, environment }, passed))).toMatchObject(expected)
})
