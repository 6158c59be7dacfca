import { readFile } from 'node:fs/promises'
import { describe, expect, test } from '@jest/globals'
import { PRICE, priceMessage } from '../../src/demo/app-messages.ts'
import { startDemo } from '../support/demo.ts'
import { sendThrough } from '../support/simulated-gateway.ts'
import { CHROMIUM, expectText, findBarriers, openPage } from '../support/browser.ts'
import { show } from '../support/simulator-page.ts'
import { startRecordingApp } from '../support/recording-app.ts'
import { EVENT_TYPES, ODD_FORMS } from '../../src/simulator/shown.ts'
import type { Simulator } from '../../src/simulator/simulator.ts'

const inBrowser = CHROMIUM === undefined ? describe.skip : describe

inBrowser('a dynamic action', () => {
  /** The buyer presses a button of a dynamic action. */
  const pressActionButton = async (simulator: Simulator) => {
    simulator.conversation.say({
      from: 'seller',
      kind: 'app',
      text: 'سلام',
      buttons: { seller: [], buyer: [[{ kind: 'get_dynamic_action', caption: 'قیمت روز', data: {} }]] },
    })
    const { page } = await openPage(simulator.url)
    await page.locator('[data-phone="buyer"] [data-button="get_dynamic_action"]').click()
    return page
  }

  test("shows the app's text in the phone where the button was pressed", async () => {
    const { simulator } = await startRecordingApp(() => ({ body: { text_message: '۱۲ میلیون تومان' } }))
    const page = await pressActionButton(simulator)
    await expectText(page.locator('[data-phone="buyer"] [data-answer]'), 'پاسخ اپ: ۱۲ میلیون تومان')
    await page.locator('[data-kind="action"]').waitFor()
  })

  test('opens the link that the app answers', async () => {
    const { simulator } = await startRecordingApp(() => ({
      body: { action: { open_direct_link: 'https://app.example.com/x' } },
    }))
    const page = await pressActionButton(simulator)
    await page.locator('[data-phone="buyer"] [data-webview-address]', { hasText: 'app.example.com/x' }).waitFor()
  })
})

inBrowser('the demo', () => {
  test('answers a dynamic action in the chat, through the gateway and the sample app', async () => {
    const { simulator, internalUrl } = await startDemo()
    expect((await sendThrough(internalUrl, priceMessage(simulator.world))).status).toBe(200)
    const { page } = await openPage(simulator.url)
    await page.locator('[data-phone="buyer"] [data-button="get_dynamic_action"]').click()
    await page.locator('[data-phone="buyer"] [data-answer]', { hasText: PRICE }).waitFor()
  })
})

inBrowser('events by a click on the page', () => {
  test('each type can be sent, with the odd forms that are ticked, and it says how the app answered', async () => {
    const { simulator, called } = await startRecordingApp()
    const { page } = await openPage(simulator.url, { language: 'en' })
    await show(page, 'compose')
    await page.locator('[data-events-panel] summary').click()
    for (const [index, type] of EVENT_TYPES.entries()) {
      await page.locator('[data-event-type]').selectOption(type)
      await page.locator('[data-odd="at_type"]').setChecked(true)
      await page.locator('[data-send-event]:not([aria-busy])').click()
      const calls = await called(index + 1)
      expect(calls[index]?.body).toMatchObject({ type, '@type': expect.any(String) })
      await page.locator(`[data-kind="event"] >> nth=${index}`).waitFor({ state: 'attached' })
    }
    await page.locator('[data-toast="success"]', { hasText: 'HTTP 200' }).first().waitFor()
  })

  test('the timeline names the type of an event, and saves it as a file for trigger', async () => {
    const { simulator } = await startRecordingApp()
    const { page } = await openPage(simulator.url, { language: 'en' })
    await show(page, 'compose')
    await page.locator('[data-events-panel] summary').click()
    await page.locator('[data-event-type]').selectOption('POST_UPDATE')
    await page.locator('[data-send-event]').click()
    await show(page, 'timeline')
    const entry = page.locator('[data-kind="event"]')
    await entry.locator('.badge', { hasText: 'POST_UPDATE' }).waitFor()
    await entry.locator('summary').click()
    const [download] = await Promise.all([page.waitForEvent('download'), entry.locator('[data-save-fixture]').click()])
    expect(download.suggestedFilename()).toBe('001-event.json')
    expect(JSON.parse(await readFile(await download.path(), 'utf8'))).toMatchObject({
      kind: 'event',
      body: { type: 'POST_UPDATE' },
    })
  })

  test('every odd form has its box', async () => {
    const { simulator } = await startRecordingApp()
    const { page } = await openPage(simulator.url)
    await page.locator('[data-odd]').first().waitFor({ state: 'attached' })
    const boxes = await page.locator('[data-odd]').all()
    const names = await Promise.all(boxes.map((box) => box.getAttribute('data-odd')))
    expect(names.toSorted()).toEqual(ODD_FORMS.toSorted())
  })

  test.each([
    ['fa', 'light', 1280],
    ['en', 'dark', 360],
  ] as const)('%s, %s, %i px: no WCAG 2 A or AA violation', async (language, colorScheme, width) => {
    const { simulator } = await startRecordingApp()
    const { page } = await openPage(simulator.url, { language, width, colorScheme })
    await show(page, 'compose')
    await page.locator('[data-events-panel] summary').click()
    expect(await findBarriers(page)).toEqual([])
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
  })
})
