import { createServer } from 'node:http'
import { describe, expect, test } from '@jest/globals'
import { CHROMIUM, openPage } from '../support/browser.ts'
import { startSimulatedConsent } from '../support/simulated-consent.ts'
import { originOf } from '../support/listen.ts'
import { hasOpenssl, startTlsProxy } from '../support/self-signed.ts'
import { decide, phone, webView } from '../support/simulator-page.ts'

/** Any address of it shows the landing. */
function startApp(): Promise<string> {
  return originOf(
    createServer((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('the landing')),
  )
}

const inBrowser = CHROMIUM === undefined ? describe.skip : describe

// A `Partitioned` cookie needs https, so by http no cookie comes back in a frame of another site.
inBrowser('a consent link in a frame of another site, where no cookie is returned', () => {
  test.each([
    ['fa', 'باز کردن در پنجرهٔ تازه'],
    ['en', 'Open in a new window'],
  ] as const)('asks, in %s, for a new window, and its button completes the consent there', async (language, button) => {
    const app = await startApp()
    const { simulator } = await startSimulatedConsent(`${app}/landing`, (port) => `http://localhost:${port}`)
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

const overHttps = CHROMIUM === undefined || !hasOpenssl ? test.skip : test

overHttps('a consent link over https is completed in a frame of another site', async () => {
  const { simulator } = await startSimulatedConsent(`${await startApp()}/landing`, startTlsProxy)
  const { page } = await openPage(simulator.url)
  await phone(page, 'buyer').locator('[data-menu]').click()
  // The simulator cannot look at an address whose certificate it does not trust, and shows only its link.
  const link = await phone(page, 'buyer').locator('a[href*="/oauth/start/"]').first().getAttribute('href')
  await page.setContent(`<iframe src="${String(link)}"></iframe>`)
  const frame = page.frameLocator('iframe')
  await frame.locator('[name="decision"][value="allow"]').click()
  await frame.getByText('the landing').waitFor()
  expect(simulator.conversation.snapshot().timeline.map(({ kind }) => kind)).toContain('token')
})
