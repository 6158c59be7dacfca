import { describe, expect, test } from '@jest/globals'
import axe from 'axe-core'
import { COMPLETION_URL } from '../../src/click/click.ts'
import { endingPage } from '../../src/consent/oauth-page.ts'
import { CHROMIUM, openPage } from '../support/browser.ts'
import { startDemo } from '../support/demo.ts'
import { decide, phone, webView } from '../support/simulator-page.ts'

const inBrowser = CHROMIUM === undefined ? describe.skip : describe

const NOTHING_ODD = { strangers: [], complaints: [] }

inBrowser.each(['fa', 'en'] as const)('in a browser, in %s', (language) => {
  test.each(['v1', 'v2'] as const)(
    'on %s a user clicks, consents once, lands, gets a message sent without a token, and lands again by its button',
    async (wire) => {
      const { simulator } = await startDemo()
      const { page, ...odd } = await openPage(simulator.url, { language })
      await page.locator(`[data-wire="${wire}"]`).first().click()
      await page.locator(`[data-wire="${wire}"][aria-pressed="true"]`).waitFor()

      await phone(page, 'buyer').locator('[data-menu]').click()
      await decide(page, 'buyer', 'allow')
      await webView(page, 'buyer').locator('form[action="/book"] [type="submit"]').click()
      await phone(page, 'seller').locator('[data-button]').first().waitFor()
      const [message] = simulator.conversation.snapshot().messages
      expect(message).toMatchObject({ from: 'buyer', kind: 'app', wire })

      await phone(page, 'buyer').locator('[data-webview-close]').click()
      await phone(page, 'seller').locator('[data-button]').first().click()
      // The seller confirms in a name of her own, so she is asked as well.
      await decide(page, 'seller', 'allow')
      await webView(page, 'seller').locator('form[action="/confirm"] [type="submit"]').click()
      await phone(page, 'buyer').getByText('گزارش کارشناسی آماده است').waitFor()

      // A user who has consented gets the landing at once.
      await phone(page, 'buyer').locator('[data-menu]').click()
      await webView(page, 'buyer').locator('form[action="/book"]').waitFor()
      const kinds = simulator.conversation.snapshot().timeline.map(({ kind }) => kind)
      expect(kinds.filter((kind) => kind === 'token')).toHaveLength(2)
      expect(odd).toEqual(NOTHING_ODD)
    },
  )

  test("a user who refuses sees it in both languages, in the device's own fonts, with a link back", async () => {
    const { simulator } = await startDemo()
    const { page, ...odd } = await openPage(simulator.url, { language })
    await phone(page, 'buyer').locator('[data-menu]').click()
    await decide(page, 'buyer', 'deny')
    const told = webView(page, 'buyer')
    await told.getByText('اجازه ندادید').waitFor()
    await told.getByText('You did not agree').waitFor()
    expect(await told.locator('html').getAttribute('dir')).toBe('rtl')
    expect(await told.locator('section[lang="en"]').getAttribute('dir')).toBe('ltr')
    await told.getByText(language === 'fa' ? 'بازگشت به دیوار' : 'Back to Divar').click()
    await phone(page, 'buyer').locator('[data-webview]').waitFor({ state: 'hidden' })
    // The browser itself logs that a page was a 403.
    expect(odd.strangers).toEqual([])
  })

  test('every final page of the authorization flow is accessible', async () => {
    const { page } = await openPage((await startDemo()).simulator.url, { language })
    for (const ending of ['denied', 'expired', 'other_user', 'not_answered'] as const) {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme })
        await page.setContent(endingPage(ending, COMPLETION_URL))
        await page.evaluate(axe.source)
        expect(
          await page.evaluate(
            "axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }).then(({ violations }) => violations.map(({ id }) => id))",
          ),
        ).toEqual([])
      }
    }
  })

  test('a callback with a stolen state grants nothing', async () => {
    const { simulator } = await startDemo()
    simulator.conversation.faults.arm('stolen_state', 1)
    const { page } = await openPage(simulator.url, { language })
    await phone(page, 'buyer').locator('[data-menu]').click()
    await decide(page, 'buyer', 'allow')
    await webView(page, 'buyer').getByText('This link does not work any more').waitFor()
    expect(simulator.conversation.snapshot().timeline.filter(({ kind }) => kind === 'token')).toEqual([])
  })
})
