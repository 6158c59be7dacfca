import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, test } from '@jest/globals'
import type { Page } from 'playwright-core'
import { sampleMessages } from '../../src/demo/app-messages.ts'
import { CHROMIUM, expectSoon, findBarriers, LOOKS, openPage } from '../support/browser.ts'
import { startDemo } from '../support/demo.ts'
import { phone, show } from '../support/simulator-page.ts'
import { sendThrough, startSimulatedGateway } from '../support/simulated-gateway.ts'

const inBrowser = CHROMIUM === undefined ? describe.skip : describe
const CAPTIONS = Array.from({ length: 9 }, (_, index) => `slot ${index + 1}`)

async function openComposer(url: string, window: Parameters<typeof openPage>[1] = { language: 'en' }): Promise<Page> {
  const { page } = await openPage(url, window)
  await show(page, 'compose')
  await page.locator('[data-text]').waitFor()
  return page
}

/** Writes nine buttons for the receiver, with the keyboard, in the caption of the first one. */
async function writeGrid(page: Page): Promise<void> {
  for (const [index, caption] of CAPTIONS.entries()) {
    await page.keyboard.type(caption)
    if (index < CAPTIONS.length - 1) await page.keyboard.press('Enter')
  }
}

inBrowser('the composer', () => {
  test('with the keyboard alone, a 3x3 grid with an icon is written and delivered to both phones', async () => {
    const { simulator } = await startDemo()
    const page = await openComposer(simulator.url)
    const press = async (key: string, until: string) => {
      for (let count = 0; count < 60; count++) {
        if ((await page.locator(`${until}:focus`).count()) > 0) return
        await page.keyboard.press(key)
      }
      throw new Error(`the focus never came to ${until}`)
    }
    await press('Tab', '[data-text]')
    await page.keyboard.type('Choose a time.')
    await press('Tab', '[data-add="0"]')
    await page.keyboard.press('Enter')
    await writeGrid(page)
    await press('Tab', '[data-icon]')
    await page.keyboard.type('car insp')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await expectSoon(() => page.locator('[data-icon]').inputValue(), 'CAR_INSPECTED')
    await press('Tab', '[data-copy-buttons]')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Control+Enter')
    for (const side of ['seller', 'buyer'] as const) {
      const buttons = phone(page, side).locator('[data-button]')
      await expectSoon(async () => (await buttons.allInnerTexts()).map((text) => text.trim()), CAPTIONS)
    }
    expect(simulator.conversation.snapshot().messages[0]?.buttons.buyer[2]?.[2]).toMatchObject({
      icon: 'CAR_INSPECTED',
    })
  })

  test('the copied curl command, run by a shell, sends the same message', async () => {
    const { simulator } = await startDemo()
    const page = await openComposer(simulator.url)
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await page.locator('[data-text]').fill(`It's "here": سلام`)
    await page.locator('[data-add="0"]').click()
    await page.locator('[data-caption]').fill('$HOME')
    await page.locator('[data-data]').fill('{"order_id": "A-1"}')
    const read = () => page.evaluate<string>('navigator.clipboard.readText()')
    await page.locator('[data-copy-json]').click()
    await page.locator('[data-copy-json]', { hasText: 'Copied' }).waitFor()
    expect(JSON.parse(await read())).toMatchObject({ message: `It's "here": سلام` })
    await page.locator('[data-copy-message-curl]').click()
    await page.locator('[data-copy-message-curl]', { hasText: 'Copied' }).waitFor()
    const { stdout } = await promisify(execFile)('/bin/sh', ['-c', await read()])
    expect(JSON.parse(stdout)).toMatchObject({ status: 200 })
    await page.locator('[data-compose-send]').click()
    await page.locator('[data-toast="success"]', { hasText: 'Delivered' }).waitFor()
    const [pasted, composed] = simulator.conversation.snapshot().messages
    expect({ ...pasted, id: '', at: '' }).toEqual({ ...composed, id: '', at: '' })
    expect(pasted).toMatchObject({ buttons: { seller: [[{ caption: '$HOME', data: { order_id: 'A-1' } }]] } })
  })

  test("mistakes are told beside their field while one types, in the gateway's words, and such a message is not sent", async () => {
    const { simulator } = await startDemo()
    const page = await openComposer(simulator.url)
    await page.locator('[data-add="0"]').click()
    await page.locator('[data-action]').selectOption('open_direct_link')
    await page.locator('[data-url]').fill('ftp://nowhere')
    const describedBy = (await page.locator('[data-url]').getAttribute('aria-describedby')) ?? ''
    await page.locator(`#${describedBy}`, { hasText: 'expected an absolute http(s) address' }).waitFor()
    await page.locator('[data-url][aria-invalid="true"]').waitFor()
    // A text that was not begun yet is no mistake before it is sent.
    expect(await page.locator('[data-field-error]:visible').count()).toBe(1)
    await page.locator('[data-compose-send]').click()
    await page.locator('[data-field-error]:visible').nth(1).waitFor()
    await page.locator('[data-text]:focus').waitFor()
    expect(simulator.conversation.snapshot().messages).toEqual([])
    await page.locator('[data-url]').fill('https://app.example.com/')
    await page.locator('[data-text]').fill('hello')
    await page.locator('[data-caption]').fill('open')
    await page.locator('[data-compose-send]').click()
    await page.locator('[data-toast="success"]').waitFor()
  })

  test('data that is no JSON object is told at once and not sent', async () => {
    const { simulator } = await startDemo()
    const page = await openComposer(simulator.url)
    await page.locator('[data-text]').fill('hello')
    await page.locator('[data-add="0"]').click()
    await page.locator('[data-caption]').fill('open')
    await page.locator('[data-data]').fill('{"slot": ')
    await page.locator('[data-field-error]', { hasText: 'This is not JSON.' }).waitFor()
    await page.locator('[data-compose-send]').click()
    await page.locator('[data-data]:focus').waitFor()
    expect(simulator.conversation.snapshot().messages).toEqual([])
  })

  test('any message of the chat can be opened, changed and sent again, later too; the draft outlives a reload', async () => {
    const { simulator, internalUrl, app } = await startDemo()
    for (const message of sampleMessages(simulator.world, app.url)) await sendThrough(internalUrl, message)
    const { page } = await openPage(simulator.url, { language: 'en' })
    await phone(page, 'buyer').locator('[data-edit]').first().click()
    await page.locator('[data-text]:focus').waitFor()
    await page.locator('[data-text]').fill('Changed')
    await page.reload()
    await show(page, 'compose')
    await page.locator('[data-compose-send]').click()
    await page.locator('[data-toast="success"]').waitFor()
    const [first, , again] = simulator.conversation.snapshot().messages
    expect(again).toMatchObject({ wire: 'v1', text: 'Changed', buttons: first?.buttons })

    await page.locator('[data-queued]').check()
    await page.locator('[data-times] summary').click()
    await page.locator('[data-expires-at]').fill('2020-01-01T08:00')
    await page.locator('[data-field-error]', { hasText: 'expected a time after now' }).waitFor()
    await page.locator('[data-expires-at]').fill('')
    const tomorrow = new Date(Date.now() + 24 * 60 * 60 * 1000).toISOString().slice(0, 16)
    await page.locator('[data-not-before]').fill(tomorrow)
    await phone(page, 'buyer').locator('[data-edit]').first().click()
    await page.locator('[data-text]:focus').waitFor()
    expect(await page.locator('[data-not-before]').inputValue()).toBe(tomorrow)
    await page.locator('[data-compose-send]').click()
    await page.locator('.result', { hasText: 'goes at' }).waitFor()
    expect(simulator.conversation.snapshot().messages).toHaveLength(3)
  })

  test('an armed fault is counted, and then says what the platform answered, what the service got and when it was tried again', async () => {
    const { simulator } = await startDemo()
    const page = await openComposer(simulator.url)
    await page.locator('[data-text]').fill('hello')
    const chip = page.locator('[data-send-fault="500"]')
    await chip.click()
    await page.locator('[data-send-fault="500"][aria-pressed="true"]', { hasText: '×1' }).waitFor()
    await page.locator('[data-compose-send]').click()
    const outcome = page.locator('.compose [data-fault-outcomes] li')
    await outcome.filter({ hasText: 'Divar: 500 → your service got 502 platform_error' }).waitFor()
    await page.locator('[data-send-fault="500"].used').waitFor()
    await page.locator('[data-queued]').check()
    await page.locator('[data-text]').fill('hello again')
    await chip.click()
    await page.locator('[data-send-fault="500"][aria-pressed="true"]').waitFor()
    await page.locator('[data-compose-send]').click()
    await outcome.filter({ hasText: /Divar: 500 → tried again after [\d.]+ s: 200/ }).waitFor()
  })

  test('a key that the gateway refuses is told, and is not tried again with each letter', async () => {
    const { gatewayUrl } = await startSimulatedGateway()
    const gateway = { url: gatewayUrl, internalKey: 'a-key-of-no-caller' }
    const { simulator } = await startSimulatedGateway(() => ({}), { gateway })
    const page = await openComposer(simulator.url)
    let checks = 0
    page.on('request', (request) => (checks += request.url().endsWith('/gateway/check') ? 1 : 0))
    await page.locator('[data-text]').fill('hello')
    await page.locator('[data-mistakes]', { hasText: '401 api_key_refused' }).waitFor()
    const before = checks
    await page.locator('[data-text]').fill('hello again')
    await page.locator('[data-compose-send]').click()
    await page.locator('[data-toast="danger"]', { hasText: '401' }).waitFor()
    expect(checks).toBe(before)
  })

  test('without a key of the gateway it says which option gives it, and still writes and copies', async () => {
    const { simulator } = await startSimulatedGateway()
    const page = await openComposer(simulator.url)
    await page.locator('[data-no-gateway]', { hasText: '--internal-key' }).waitFor()
    expect(await page.locator('[data-compose-send]').isDisabled()).toBe(true)
    await page.locator('[data-text]').fill('hello')
    await page.locator('[data-preview="buyer"] .bubble', { hasText: 'hello' }).waitFor()
  })

  test.each(LOOKS)(
    '%s, %s, %i px: no WCAG 2 A or AA violation and no sideways scrolling, also with mistakes and an open list',
    async (language, colorScheme, width) => {
      const { simulator } = await startDemo()
      const page = await openComposer(simulator.url, { language, width, colorScheme })
      await page.locator('[data-place="receiver"]').click()
      await page.locator('[data-add="0"]').click()
      await writeGrid(page)
      await page.locator('[data-data]').fill('{')
      await page.locator('[data-field-error]:visible').first().waitFor()
      await page.locator('[data-send-fault="429"]').click()
      await page.locator('[data-send-fault="429"][aria-pressed="true"]').waitFor()
      await page.locator('[data-icon]').fill('car')
      await page.keyboard.press('ArrowDown')
      expect(await findBarriers(page)).toEqual([])
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
    },
  )
})
