import { createServer } from 'node:http'
import { describe, expect, test } from '@jest/globals'
import { CHROMIUM, openPage } from '../support/browser.ts'
import { startSimulatedConsent } from '../support/simulated-consent.ts'
import { originOf } from '../support/listen.ts'
import { decide, phone, webView } from '../support/simulator-page.ts'

const inBrowser = CHROMIUM === undefined ? describe.skip : describe

// A `Partitioned` cookie needs https, so by http no cookie comes back in a frame of another site.
inBrowser('a consent link in a frame of another site, where no cookie is returned', () => {
  test.each([
    ['fa', 'باز کردن در پنجرهٔ تازه'],
    ['en', 'Open in a new window'],
  ] as const)('asks, in %s, for a new window, and its button completes the consent there', async (language, button) => {
    const app = await originOf(
      createServer((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('the landing')),
    )
    const { simulator } = await startSimulatedConsent(`${app}/landing`, 'localhost')
    const { page } = await openPage(simulator.url, { language })
    await phone(page, 'buyer').locator('[data-menu]').click()
    await decide(page, 'buyer', 'allow')
    const told = webView(page, 'buyer')
    await told.getByText('در مرورگر دیگری شروع شده است').waitFor()
    const kinds = () => simulator.conversation.snapshot().timeline.map(({ kind }) => kind)
    expect(kinds()).not.toContain('token')

    const opened = page.context().waitForEvent('page')
    await told.getByText(button).click()
    const tab = await opened
    await tab.locator('[name="decision"][value="allow"]').click()
    await tab.getByText('the landing').waitFor()
    expect(tab.url()).toBe(`${app}/landing`)
    expect(kinds()).toContain('token')

    // The grant is there: the next click asks nothing.
    await phone(page, 'buyer').locator('[data-webview-close]').click()
    await phone(page, 'buyer').locator('[data-menu]').click()
    await webView(page, 'buyer').getByText('the landing').waitFor()
  })
})
