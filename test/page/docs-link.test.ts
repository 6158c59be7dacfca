import { describe, expect, test } from '@jest/globals'
import { CHROMIUM, openPage } from '../support/browser.ts'
import { startDemo } from '../support/demo.ts'
import { KEYS } from '../support/gateway.ts'
import { SELLER_TOKEN, startSimulatedGateway } from '../support/simulated-gateway.ts'

const inBrowser = CHROMIUM === undefined ? describe.skip : describe

inBrowser('the documentation', () => {
  test("is linked from the demo's page and opens without a key; the example of a message that it sends appears on both phones", async () => {
    const { simulator, internalUrl } = await startDemo()
    const { page } = await openPage(simulator.url, { language: 'en' })
    const link = page.getByRole('link', { name: 'Docs' })
    expect(await link.getAttribute('href')).toBe(`${internalUrl}/docs`)
    const opened = page.context().waitForEvent('page')
    await link.click()
    const docs = await opened
    await docs.goto(`${internalUrl}/docs/messages?lang=en`)
    const form = docs.locator('[data-try-it="sendMessage"]')
    await form.locator('summary').first().click()
    await form.locator('input[name="x-api-key"]').fill(KEYS.caller)
    await form.locator('input[name="x-access-token"]').fill(SELLER_TOKEN)
    await form.getByRole('button', { name: 'Send' }).click()
    await form.locator('[data-status="200"]').waitFor()
    for (const side of ['seller', 'buyer']) {
      await page.locator(`[data-phone="${side}"]`).getByText('کارشناسی برای فردا ساعت ۱۰ ثبت شد.').first().waitFor()
    }
  })

  test('is not linked where the simulator knows no gateway with one', async () => {
    const { simulator } = await startSimulatedGateway()
    const { page } = await openPage(simulator.url, { language: 'en' })
    expect(await page.getByRole('link', { name: 'Docs' }).count()).toBe(0)
  })
})
