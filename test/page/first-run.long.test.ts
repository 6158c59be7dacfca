import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, test } from '@jest/globals'
import * as z from 'zod'
import { CHROMIUM, expectText, openPage } from '../support/browser.ts'
import { startDemo } from '../support/demo.ts'
import { startDev } from '../support/dev.ts'
import { decide, phone, webView } from '../support/simulator-page.ts'

const inBrowser = CHROMIUM === undefined ? describe.skip : describe

inBrowser('the first four steps', () => {
  test.each(['v1', 'v2'] as const)(
    'on %s are ticked off as they happen, and the curl on the card sends a message; a dismissed card stays away',
    async (wire) => {
      const { simulator } = await startDemo()
      simulator.conversation.change({ wire })
      const { page } = await openPage(simulator.url, { language: 'en' })
      const isDone = (step: string) => page.locator(`[data-step="${step}"][data-done]`)
      await page.locator('[data-step="curl"] pre').waitFor()
      expect(await page.locator('[data-step][data-done]').count()).toBe(0)
      await phone(page, 'seller').locator('[data-menu]').click()
      await isDone('press').waitFor()
      await decide(page, 'seller', 'allow')
      await isDone('allow').waitFor()
      await webView(page, 'seller').locator('form[action="/book"]').waitFor()
      // The command is now in the name of the one who allowed.
      const { seller } = simulator.world.people
      const command = page.locator('[data-step="curl"] pre', {
        hasText: wire === 'v1' ? `"user_id":"${seller.v1Id}"` : seller.v2Id,
      })
      const text = await command.innerText()
      await promisify(execFile)('/bin/sh', ['-c', text])
      await isDone('curl').waitFor()
      await phone(page, 'buyer').getByText('سلام از curl').waitFor()
      simulator.conversation.faults.arm('500', 1)
      await promisify(execFile)('/bin/sh', ['-c', text])
      await isDone('break').waitFor()
      await page.locator('[data-dismiss-first-run]').click()
      await page.reload()
      await page.locator('[data-journey]').first().waitFor()
      expect(await page.locator('[data-step]').count()).toBe(0)
    },
  )

  test('can be done with a resolver that asks for nothing: the answer of the curl says where to allow it', async () => {
    const resolver = "export default () => ({ url: 'https://app.example.com/orders' })"
    const dev = await startDev({ 'resolver.mjs': resolver }, 'resolver.mjs')
    const { page } = await openPage(dev.simulator, { language: 'en' })
    const isDone = (step: string) => page.locator(`[data-step="${step}"][data-done]`)
    await phone(page, 'buyer').locator('[data-menu]').click()
    await isDone('press').waitFor()
    const text = await page.locator('[data-step="curl"] pre').innerText()
    const first = await promisify(execFile)('/bin/sh', ['-c', text])
    const { consent_url } = z.object({ consent_url: z.string() }).parse(JSON.parse(first.stdout))
    const divar = await page.context().newPage()
    await divar.goto(consent_url)
    await divar.locator('[name="decision"][value="allow"]').click()
    await isDone('allow').waitFor()
    await promisify(execFile)('/bin/sh', ['-c', text])
    await isDone('curl').waitFor()
    await dev.end()
  })
})

inBrowser('the pages in the web view', () => {
  test('speak the language of the page: consent, and the sample app after it', async () => {
    const { simulator } = await startDemo()
    const { page } = await openPage(simulator.url, { language: 'en' })
    await phone(page, 'buyer').locator('[data-menu]').click()
    await webView(page, 'buyer').locator('button', { hasText: 'Allow' }).click()
    await webView(page, 'buyer').locator('button', { hasText: 'Book' }).click()
    await webView(page, 'buyer').getByRole('heading', { name: 'Booked' }).waitFor()
    expect(await webView(page, 'buyer').locator('html').getAttribute('dir')).toBe('ltr')
  })

  test('leave the name of the phone in sight, and say where they are', async () => {
    const { simulator } = await startDemo()
    const { page } = await openPage(simulator.url, { language: 'en', width: 360, height: 740 })
    await page.locator('[data-go="buyer"]').click()
    await phone(page, 'buyer').locator('[data-menu]').click()
    await webView(page, 'buyer').locator('[value="allow"]').waitFor()
    await phone(page, 'buyer').locator('[data-owner]').waitFor()
    await expectText(phone(page, 'buyer').locator('[data-owner]'), "Arash's phone · Buyer")
    await phone(page, 'buyer')
      .locator('[data-webview-address]', { hasText: `${simulator.url}/oauth2/auth` })
      .waitFor()
  })
})
