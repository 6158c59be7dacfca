import { describe, expect, test } from '@jest/globals'
import { CHROMIUM, expectCount, expectSoon, openPage } from '../support/browser.ts'
import { APP, startConsentApp } from '../support/consent-app.ts'
import { startDemo } from '../support/demo.ts'
import { decide, phone, webView } from '../support/simulator-page.ts'
import { sendThrough, startSimulatedGateway } from '../support/simulated-gateway.ts'
import { sampleMessages } from '../../src/demo/app-messages.ts'

const inBrowser = CHROMIUM === undefined ? describe.skip : describe

inBrowser('the page: two phones and one conversation', () => {
  test.each(['fa', 'en'] as const)('in %s, what one side writes appears on both phones', async (language) => {
    const { simulator } = await startSimulatedGateway()
    const { page, strangers, complaints } = await openPage(simulator.url, { language })
    await phone(page, 'buyer').locator('[data-composer]').fill('هنوز موجود است؟')
    await phone(page, 'buyer').locator('[data-send]').click()
    await phone(page, 'seller').getByText('هنوز موجود است؟').waitFor()
    await expectCount(phone(page, 'buyer').getByText('هنوز موجود است؟'), 1)
    expect(await page.locator('html').getAttribute('dir')).toBe(language === 'fa' ? 'rtl' : 'ltr')
    expect({ strangers, complaints }).toEqual({ strangers: [], complaints: [] })
  })

  test.each(['v1', 'v2'] as const)(
    'on %s the first click goes from the menu through consent to the landing in the web view, and back by the return URL',
    async (wire) => {
      const { simulator } = await startDemo()
      const { page } = await openPage(simulator.url)
      await page.locator(`[data-wire="${wire}"]`).first().click()
      await page.locator(`[data-wire="${wire}"][aria-pressed="true"]`).waitFor()
      await phone(page, 'buyer').locator('[data-menu]').click()
      await decide(page, 'buyer', 'allow')
      await webView(page, 'buyer').locator('form[action="/book"]').waitFor()
      expect(simulator.conversation.settings.wire).toBe(wire)
      await webView(page, 'buyer').locator('[type="submit"]').first().click()
      await webView(page, 'buyer').locator(`a[href="${simulator.url}/completion"]`).click()
      await phone(page, 'buyer').locator('[data-webview]').waitFor({ state: 'hidden' })
      // What the app booked came through the gateway as a message with a button.
      await phone(page, 'seller').locator('[data-button]').first().waitFor()
      expect(simulator.conversation.snapshot().messages[0]).toMatchObject({ kind: 'app', wire })
    },
  )

  test("both kinds of sample messages have each side's own button, and both buttons work", async () => {
    const { simulator, internalUrl, app } = await startDemo()
    for (const message of sampleMessages(simulator.world, app.url))
      expect((await sendThrough(internalUrl, message)).status).toBe(200)
    const { page } = await openPage(simulator.url)
    await expectSoon(
      () => phone(page, 'seller').locator('[data-button]').allInnerTexts(),
      [expect.stringContaining('پیگیری درخواست'), expect.stringContaining('گزارش فروشنده')],
    )
    const buttons = phone(page, 'buyer').locator('[data-button]')
    await buttons.filter({ hasText: 'تأیید زمان بازدید' }).click()
    await decide(page, 'buyer', 'allow')
    await webView(page, 'buyer').getByText('A-1029').first().waitFor()
    await phone(page, 'buyer').locator('[data-webview-close]').click()
    await buttons.filter({ hasText: 'گزارش خریدار' }).click()
    await phone(page, 'buyer')
      .locator('[data-webview-address]', { hasText: `${app.url}/report` })
      .waitFor()
    await webView(page, 'buyer').getByText('A-1029').waitFor()
  })

  test('a location message has the app below it, and a click there sends the location', async () => {
    const { simulator } = await startDemo()
    const { page } = await openPage(simulator.url)
    await phone(page, 'buyer').locator('[data-location]').click()
    await phone(page, 'seller').locator('[data-button]').click()
    await decide(page, 'seller', 'allow')
    await webView(page, 'seller').locator('form[action="/book"]').waitFor()
    const click = simulator.conversation.snapshot().timeline.find(({ kind }) => kind === 'click')
    expect(click?.request?.body).toMatch(/"location":\{"latitude":[\d.]+,"longitude":[\d.]+\}/)
  })

  test('a landing at a sample address is told on the phone, and nothing is fetched from there', async () => {
    const { simulator } = await startSimulatedGateway()
    const { page, strangers } = await openPage(simulator.url)
    await phone(page, 'buyer').locator('[data-menu]').click()
    await phone(page, 'buyer').locator('[data-placeholder]', { hasText: 'https://app.example.com/start' }).waitFor()
    expect(await phone(page, 'buyer').locator('[data-webview] iframe').count()).toBe(0)
    expect(strangers).toEqual([])
  })

  test('a refused click is reported on the phone', async () => {
    const { simulator } = await startSimulatedGateway()
    simulator.conversation.faults.arm('wrong_key', 1)
    const { page } = await openPage(simulator.url)
    await phone(page, 'buyer').locator('[data-menu]').click()
    await phone(page, 'buyer').locator('[data-refusal]').waitFor()
  })
})

inBrowser('the page: consent as Divar asks for it', () => {
  test.each(['allow', 'deny'] as const)('the user decides: %s', async (decision) => {
    let url = ''
    const { callback } = await startConsentApp(() => url)
    const query = `client_id=${APP.slug}&response_type=code&scope=USER_PHONE%20offline_access&state=0123456789abcdefghijkl&redirect_uri=${encodeURIComponent(callback)}`
    const { simulator } = await startSimulatedGateway(
      (own) => ({ LANDING_URL_TEMPLATE: `${own}/oauth2/auth?${query}{&side}` }),
      {
        app: APP,
      },
    )
    url = simulator.url
    const { page } = await openPage(simulator.url)
    await phone(page, 'seller').locator('[data-menu]').click()
    await decide(page, 'seller', decision)
    await webView(page, 'seller')
      .getByText(decision === 'allow' ? 'granted: USER_PHONE offline_access' : 'denied: access_denied')
      .waitFor()
    const kinds = simulator.conversation.snapshot().timeline.map(({ kind }) => kind)
    expect(kinds).toContain('consent')
    expect(kinds.includes('token')).toBe(decision === 'allow')
    const decided = simulator.conversation
      .snapshot()
      .timeline.filter(({ kind }) => kind === 'consent')
      .at(-1)
    expect(decided?.side).toBe('seller')
  })
})
