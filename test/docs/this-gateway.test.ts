import { describe, expect, test } from '@jest/globals'
import { CHROMIUM, openTab } from '../support/browser.ts'
import { withConsent } from '../support/consent.ts'
import { startDemo } from '../support/demo.ts'
import { startTestGateway } from '../support/gateway.ts'

const inBrowser = CHROMIUM === undefined ? describe.skip : describe

inBrowser('the code and the forms are for the gateway that serves them', () => {
  test('in the demo they name its ports and have its keys', async () => {
    const { gatewayUrl, internalUrl, keys } = await startDemo()
    const { page } = await openTab(`${internalUrl}/docs/called-by-divar?lang=en`, { locale: 'en-GB' })
    await page
      .locator('#panel-initializeSession-curl pre', { hasText: `curl -s '${gatewayUrl}/divar/session'` })
      .waitFor()
    await page.goto(`${internalUrl}/docs/messages?lang=en`)
    const form = page.locator('[data-try-it="sendMessage"]')
    await form.locator('summary').first().click()
    await form.locator('label', { hasText: 'made up for this run, and filled in' }).first().waitFor()
    expect(await form.locator('input[name="x-api-key"]').inputValue()).toBe(keys.caller)
    await form.getByRole('button', { name: 'Send' }).click()
    await form.locator('[data-status="200"]').waitFor()
    await page.goto(`${internalUrl}/docs?lang=en`)
    await page
      .locator('.prose pre', { hasText: `x-api-key: ${keys.caller}` })
      .first()
      .waitFor()
  })

  test('public routes are at PUBLIC_URL, else at the port of the public routes; a form says which key it wants', async () => {
    const configured = await startTestGateway({
      ...(await withConsent('http://127.0.0.1:9')),
      INTERNAL_PORT: '0',
      PUBLIC_URL: 'https://gateway.example.com',
    })
    const plain = await startTestGateway({ INTERNAL_PORT: '0' })
    for (const [{ internalUrl }, address] of [
      [configured, 'https://gateway.example.com'],
      [plain, plain.url],
    ] as const) {
      const { page } = await openTab(`${internalUrl}/docs/called-by-divar?lang=en`, { locale: 'en-GB' })
      await page
        .locator('#panel-initializeSession-curl pre', { hasText: `curl -s '${address}/divar/session'` })
        .waitFor()
      await page.goto(`${internalUrl}/docs/messages?lang=en`)
      const form = page.locator('[data-try-it="sendMessage"]')
      await form.locator('summary').first().click()
      await form.locator('label', { hasText: 'one of the keys in INTERNAL_API_KEYS' }).waitFor()
      expect(await form.locator('input[name="x-api-key"]').inputValue()).toBe('')
    }
  })
})

inBrowser('the search', () => {
  test('says that its index could not be had, and tries again with the next letter', async () => {
    const { internalUrl } = await startTestGateway({ INTERNAL_PORT: '0' })
    const { page } = await openTab('about:blank', { locale: 'en-GB' })
    await page.route('**/search-en.json', (route) => route.fulfill({ status: 503 }))
    await page.goto(`${internalUrl}/docs?lang=en`)
    await page.locator('[data-search]:not([hidden])').waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type('queue')
    await page.locator('#found', { hasText: 'could not be had' }).waitFor()
    await page.unroute('**/search-en.json')
    await page.keyboard.type('_full')
    await page.locator('#found [role="option"]', { hasText: 'queue_full' }).first().waitFor()
  })
})
