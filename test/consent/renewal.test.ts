import { expect, test } from '@jest/globals'
import {
  ask,
  clickMenu,
  messageTo,
  refreshesAt,
  sendWithoutToken,
  startConsentDivar,
  completeFlow,
  withConsent,
} from '../support/consent.ts'
import { restartAfter } from '../support/consent-setup.ts'
import { eventually, startOn } from '../support/outbox.ts'

const DAY_MS = 24 * 60 * 60 * 1000

test.each([
  ['renewed in the last week of its refresh token', 6, 1],
  ['not renewed before that', 8, 0],
])('a grant that no message uses is %s', async (_, daysLeft, refreshes) => {
  const { divar, pass } = await startConsentDivar()
  const environment = await withConsent(divar.url)
  const first = await startOn(environment)
  await completeFlow(await clickMenu({ url: first.url, divar }))
  const gateway = await restartAfter(
    { gateway: first, environment },
    `update user_grant set refresh_until = refresh_until - ${(30 - daysLeft) * DAY_MS}`,
  )
  const isCounted = async () => (/^kenar_grants 1$/m.test((await ask(gateway, '/metrics')).text) ? true : undefined)
  // The last step of a maintenance run.
  await eventually(isCounted, 'the grants counted')
  expect(refreshesAt(divar)).toBe(refreshes)
  pass(5 * 60_000)
  expect((await sendWithoutToken(gateway, messageTo(divar))).status).toBe(200)
  expect(refreshesAt(divar)).toBe(refreshes)
})
