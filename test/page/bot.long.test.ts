import { describe, expect, test } from '@jest/globals'
import { CHROMIUM, expectCount, findBarriers, openPage } from '../support/browser.ts'
import { phone, show } from '../support/simulator-page.ts'
import { startRecordingApp } from '../support/recording-app.ts'

const inBrowser = CHROMIUM === undefined ? describe.skip : describe

inBrowser("the app's bot, and its access, on a phone", () => {
  test('is started from the chat, takes what the user writes, and shows its answers with buttons', async () => {
    const app = await startRecordingApp(() => ({ body: { text_message: 'بسیار خوب' } }))
    const { page } = await openPage(app.simulator.url)
    const buyer = phone(page, 'buyer')
    await buyer.locator('[data-start-bot]').click()
    await buyer.locator('[data-chat="bot"] .own', { hasText: '/start CHAT' }).waitFor()
    await buyer.locator('[data-composer]').fill('قیمت؟')
    await buyer.locator('[data-send]').click()
    const events = await app.called(2)
    expect(events[1]?.body).toMatchObject({ new_chatbot_message: { text: 'قیمت؟' } })
    const button = { kind: 'get_dynamic_action' as const, caption: 'بپرس', data: {} }
    app.simulator.conversation.say({
      from: 'buyer',
      kind: 'app',
      chat: 'bot',
      text: 'چه کمکی کنم؟',
      buttons: { seller: [], buyer: [[button]] },
    })
    await buyer.locator('[data-chat="bot"] .other [data-button]').click()
    await buyer.locator('[data-answer]', { hasText: 'بسیار خوب' }).waitFor()
  })

  test("has a chat of its own: not in the chat of the two, not on the other's phone, and counted until it is read", async () => {
    const { simulator } = await startRecordingApp()
    const { page } = await openPage(simulator.url)
    simulator.conversation.say({
      from: 'buyer',
      kind: 'app',
      chat: 'bot',
      text: 'تنها برای آرش',
      buttons: { seller: [], buyer: [] },
    })
    const buyer = phone(page, 'buyer')
    await buyer.locator('[data-unread]', { hasText: '۱' }).waitFor()
    expect(await page.locator('[data-chat="post"] [data-message]').count()).toBe(0)
    expect(await phone(page, 'seller').locator('[data-message]').count()).toBe(0)
    await buyer.locator('[data-show-chat="bot"]').click()
    await buyer.locator('[data-chat="bot"]', { hasText: 'تنها برای آرش' }).waitFor()
    await expectCount(buyer.locator('[data-unread]'), 0)
    await buyer.locator('[data-show-chat="post"]').click()
    await buyer.locator('[data-menu]').waitFor()
  })

  test.each([
    ['fa', 'dark', 360],
    ['en', 'light', 1280],
  ] as const)('%s, %s, %i px: no WCAG 2 A or AA violation', async (language, colorScheme, width) => {
    const { simulator } = await startRecordingApp()
    const { page } = await openPage(simulator.url, { language, width, colorScheme })
    simulator.conversation.say({
      from: 'seller',
      kind: 'app',
      chat: 'bot',
      text: 'سلام',
      buttons: { seller: [], buyer: [] },
    })
    await phone(page, 'seller').locator('[data-unread]').waitFor({ state: 'attached' })
    if (width === 360) await show(page, 'buyer')
    await phone(page, 'buyer').locator('[data-start-bot]').click()
    await phone(page, 'buyer').locator('[data-message]').waitFor()
    expect(await findBarriers(page)).toEqual([])
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
  })

  test('access can be revoked on a phone, and the phone says whether the app gets an event', async () => {
    const scopes = ['NOTIFICATION_ACCESS_REVOCATION', 'USER_ID']
    const app = await startRecordingApp(undefined, { tokens: [{ accessToken: 't', side: 'buyer', scopes }] })
    const { page } = await openPage(app.simulator.url)
    await phone(page, 'buyer').locator('[data-revoke]').click()
    await phone(page, 'buyer').locator('[data-note]', { hasText: 'رویدادی به اپ فرستاده می‌شود' }).waitFor()
    await app.called(1)
    await phone(page, 'buyer').locator('[data-revoke]').click()
    await phone(page, 'buyer').locator('[data-note]', { hasText: 'این اپ اجازه‌ای ندارد' }).waitFor()
  })
})
