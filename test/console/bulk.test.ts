import { describe, expect, test } from '@jest/globals'
import { CHROMIUM, openPage } from '../support/browser.ts'
import { CONSOLE_CALLERS, OPERATOR_KEY } from '../support/console.ts'
import { withStore } from '../support/databases.ts'
import { startTestGateway } from '../support/gateway.ts'
import {
  answer,
  chatMessage,
  divarAt,
  eventually,
  listMessages,
  queue,
  startDivar,
  startOn,
  textsReceivedBy,
} from '../support/outbox.ts'

const inBrowser = CHROMIUM === undefined ? describe.skip : describe

const MESSAGES = 300
const AT_ONCE = 20

inBrowser('a retry of hundreds at the console', () => {
  test('shows how far it is, continues after the gateway has restarted in the middle, and sends none twice', async () => {
    const divar = await startDivar()
    const store = await withStore('sqlite', { ...CONSOLE_CALLERS, ...divarAt(divar) })
    const first = await startTestGateway({ SHUTDOWN_GRACE_MS: '100', ...store })
    const texts = Array.from({ length: MESSAGES }, (_, index) => `text ${index}`)
    for (const _ of texts) divar.misbehave(answer(412))
    for (let from = 0; from < MESSAGES; from += AT_ONCE) {
      await Promise.all(texts.slice(from, from + AT_ONCE).map((text) => queue(first, chatMessage(text, text))))
    }
    await eventually(
      async () =>
        (await listMessages(first, '?state=queued')).messages.length === 0 && divar.received.length === MESSAGES
          ? true
          : undefined,
      'all are rejected',
    )

    const { page } = await openPage(`${first.internalUrl}/console?state=rejected`, { language: 'en' })
    await page.locator('input[name="key"]').fill(OPERATOR_KEY)
    await page.keyboard.press('Enter')
    await page.locator('tbody tr:visible').first().waitFor()
    let calls = 0
    await page.route('**/console/api/bulk/retry', async (route) => {
      calls += 1
      if (calls !== 2) return route.continue()
      // It is carried out, but the answer is lost.
      await route.fetch()
      await first.stop()
      return route.abort()
    })
    await page.locator('[data-bulk-open]:visible').click()
    await page
      .locator('[data-bulk="counted"]')
      .filter({ hasText: `${MESSAGES} messages are queued again` })
      .waitFor()
    await page.locator('[data-bulk-start]').click()
    await page.locator('[data-bulk="failed"]').filter({ hasText: 'continue where it stopped' }).waitFor()

    const second = await startOn(store, { INTERNAL_PORT: new URL(first.internalUrl).port })
    await page.locator('[data-bulk-start]').filter({ hasText: 'Continue' }).click()
    await page
      .locator('[data-bulk="finished"]')
      .filter({ hasText: `${MESSAGES} messages are queued again. Choose “All states”` })
      .waitFor()
    // None is asked for again, the lost one included.
    expect(calls).toBe(MESSAGES / 50)
    await eventually(
      async () => ((await listMessages(second, '?state=queued')).messages.length === 0 ? true : undefined),
      'all are sent',
    )
    await eventually(() => Promise.resolve(divar.received.length >= 2 * MESSAGES || undefined), 'all arrive')
    expect(textsReceivedBy(divar).toSorted()).toEqual([...texts, ...texts].toSorted())
  })
})
