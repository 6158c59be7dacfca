import { createServer } from 'node:http'
import { describe, expect, test } from '@jest/globals'
import { CHROMIUM, openPage } from '../support/browser.ts'
import { startSimulatedConsent } from '../support/simulated-consent.ts'
import { originOf } from '../support/listen.ts'
import { decide, phone, webView } from '../support/simulator-page.ts'
import { startSimulatedGateway } from '../support/simulated-gateway.ts'

const inBrowser = CHROMIUM === undefined ? describe.skip : describe

type Page = { status?: number; headers?: Record<string, string> }
const REFUSES: Page = { headers: { 'x-frame-options': 'DENY' } }
const REFUSES_TOO: Page = { headers: { 'content-security-policy': "frame-ancestors 'none'" } }
const DOWNLOAD: Page = { headers: { 'content-disposition': 'attachment; filename="contract.txt"' } }
const EMPTY: Page = { status: 204 }

/** An app whose every address answers like this. */
async function startLanding({ status = 200, headers = {} }: Page): Promise<string> {
  const answer = status === 204 ? undefined : '<!doctype html><title>app</title><h1>the landing</h1>'
  const origin = await originOf(
    createServer((_, response) => response.writeHead(status, { 'content-type': 'text/html', ...headers }).end(answer)),
  )
  return `${origin}/landing`
}

inBrowser('a landing that a frame cannot show', () => {
  test.each([
    ['refuses frames', REFUSES, 'refuses to be shown in a frame'],
    ['is a download', DOWNLOAD, 'a file to download'],
    ['has no content', EMPTY, 'without content (204)'],
  ])('because it %s is named, with a link to open it', async (_, answer, why) => {
    const landing = await startLanding(answer)
    const { simulator } = await startSimulatedGateway(() => ({ LANDING_URL_TEMPLATE: landing }))
    const { page } = await openPage(simulator.url, { language: 'en' })
    await phone(page, 'buyer').locator('[data-menu]').click()
    const told = phone(page, 'buyer').locator('.unframed')
    await told.getByText(why).waitFor()
    expect(await told.locator('[data-open-window]').getAttribute('href')).toBe(landing)
    expect(await phone(page, 'buyer').locator('iframe').count()).toBe(0)
  })

  test('because it is the sample address of a first resolver shows its parameters, and what to change', async () => {
    const url = 'https://app.example.com/start?order=B-7&as=buyer'
    const { simulator } = await startSimulatedGateway(() => ({ LANDING_URL_TEMPLATE: url }))
    const { page, strangers } = await openPage(simulator.url, { language: 'en' })
    await phone(page, 'buyer').locator('[data-menu]').click()
    const landed = phone(page, 'buyer').locator('[data-placeholder]')
    await landed.getByText('Put the address of your app into the resolver').waitFor()
    expect(await landed.locator('dl').innerText()).toMatch(/order\s+B-7\s+as\s+buyer/)
    expect(strangers).toEqual([])
  })

  test.each([
    ['refuses frames by X-Frame-Options', REFUSES, 'If you see nothing here', 'refuses to be shown in a frame'],
    ['refuses frames by frame-ancestors', REFUSES_TOO, 'If you see nothing here', 'refuses to be shown in a frame'],
    ['is a download', DOWNLOAD, 'No page has come yet', 'a file to download'],
    ['has no content', EMPTY, 'No page has come yet', 'without content (204)'],
  ])('because it %s, after consent, is named when it is opened again', async (_, answer, hint, why) => {
    const landing = await startLanding(answer)
    const { simulator } = await startSimulatedConsent(landing)
    const { page } = await openPage(simulator.url, { language: 'en' })
    await phone(page, 'buyer').locator('[data-menu]').click()
    await decide(page, 'buyer', 'allow')
    const told = phone(page, 'buyer').locator('.hint')
    await told.getByText(hint).waitFor()
    await told.getByRole('button', { name: 'Open again' }).click()
    await phone(page, 'buyer').locator('.unframed').getByText(why).waitFor()
    expect(await phone(page, 'buyer').locator('.unframed [data-open-window]').getAttribute('href')).toBe(landing)
  })

  test('opens in a new window with one click after consent, even though its link is used up', async () => {
    const landing = await startLanding(REFUSES)
    const { simulator } = await startSimulatedConsent(landing)
    const { page } = await openPage(simulator.url, { language: 'en' })
    await phone(page, 'buyer').locator('[data-menu]').click()
    await decide(page, 'buyer', 'allow')
    const opened = page.context().waitForEvent('page')
    await phone(page, 'buyer').locator('.hint [data-open-window]').click()
    const tab = await opened
    await tab.getByText('the landing').waitFor()
    expect([tab.url(), await tab.evaluate('window.opener')]).toEqual([landing, null])
  })

  test('a page that a frame can show has no such hint before consent', async () => {
    const { simulator } = await startSimulatedConsent(await startLanding({}))
    const { page } = await openPage(simulator.url, { language: 'en' })
    await phone(page, 'buyer').locator('[data-menu]').click()
    await webView(page, 'buyer').locator('[value="allow"]').waitFor()
    expect(await phone(page, 'buyer').locator('.hint').innerText()).toBe('')
    await decide(page, 'buyer', 'allow')
    await webView(page, 'buyer').getByText('the landing').waitFor()
  })
})
