import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { describe, expect, test } from '@jest/globals'
import type { FrameLocator, Page } from 'playwright-core'
import { sampleMessages } from '../../src/demo/app-messages.ts'
import { FAULTS } from '../../src/simulator/shown.ts'
import { CHROMIUM, expectCount, expectText, findBarriers, LOOKS, openPage, openTab } from '../support/browser.ts'
import { show } from '../support/simulator-page.ts'
import { startDemo } from '../support/demo.ts'
import { sendThrough, startSimulatedGateway } from '../support/simulated-gateway.ts'

const inBrowser = CHROMIUM === undefined ? describe.skip : describe
const toConversation = { conversation_id: '6b3d5cf7-9291-4fa9-892a-9d07e300daea', message: 'سلام' }

const clickMenu = async (page: Page) => {
  await page.locator('[data-phone="buyer"] [data-menu]').click()
  await page.locator('[data-kind="click"]').first().waitFor()
}

inBrowser('requests and responses', () => {
  test('show a click with both sides of the exchange, its time against the deadline, then the landing', async () => {
    const { simulator } = await startSimulatedGateway()
    const { page } = await openPage(simulator.url, { language: 'en' })
    await clickMenu(page)
    const entry = page.locator('[data-kind="click"]')
    await entry.locator('summary').click()
    expect(await entry.locator('meter').getAttribute('max')).toBe('2000')
    await expectText(entry.locator('[data-exchange="request"]'), /POST http[^]*post_token: *"AZf3Uqr3"/)
    await expectText(entry.locator('[data-exchange="response"]'), /HTTP 200[^]*url: *"https:\/\/app\.example/)
    await page.locator('[data-kind="landing"]').waitFor()
  })

  test('"copy as curl" gives a command that repeats the call', async () => {
    const { simulator } = await startSimulatedGateway()
    const { page } = await openPage(simulator.url)
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await clickMenu(page)
    await page.locator('[data-kind="click"] summary').click()
    await page.locator('[data-kind="click"] [data-copy-curl]').click()
    await page.locator('[data-announce]', { hasText: 'کپی شد' }).waitFor({ state: 'attached' })
    const command: unknown = await page.evaluate('navigator.clipboard.readText()')
    const bash = spawn('bash', ['-c', String(command)], { stdio: ['ignore', 'pipe', 'inherit'] })
    let output = ''
    bash.stdout.setEncoding('utf8').on('data', (chunk) => (output += String(chunk)))
    expect(await once(bash, 'close')).toEqual([0, null])
    expect(output).toContain('"status":"200"')
  })

  test('"save as fixture" gives a file without a key in it', async () => {
    const { simulator } = await startSimulatedGateway()
    const { page } = await openPage(simulator.url)
    await clickMenu(page)
    await page.locator('[data-kind="click"] summary').click()
    const download = page.waitForEvent('download')
    await page.locator('[data-kind="click"] [data-save-fixture]').click()
    const saved: unknown = JSON.parse(await readFile(await (await download).path(), 'utf8'))
    expect(saved).toMatchObject({
      kind: 'click',
      wire: 'v1',
      headers: { 'content-type': 'application/json' },
      body: { post_token: 'AZf3Uqr3' },
      expected: { status: 200, url: 'https://app.example.com/start?post_token=AZf3Uqr3' },
    })
    expect(JSON.stringify(saved)).not.toContain('authorization')
  })
})

inBrowser('faults by a click on the page', () => {
  test('every fault of the simulator has its button', async () => {
    const { simulator } = await startSimulatedGateway()
    const { page } = await openPage(simulator.url)
    await show(page, 'faults')
    await page.locator('[data-fault]').first().waitFor()
    const buttons = await page.locator('[data-fault]').all()
    const names = await Promise.all(buttons.map((button) => button.getAttribute('data-fault')))
    expect(names.toSorted()).toEqual(Object.values(FAULTS).flat().toSorted())
  })

  test('a 429 that was asked for reaches the sender, with its Retry-After, once', async () => {
    const { simulator, gatewayUrl } = await startSimulatedGateway()
    const { page } = await openPage(simulator.url)
    await show(page, 'faults')
    await page.locator('[data-fault="429"]').click()
    await page.locator('[data-armed]', { hasText: '429' }).waitFor()
    const refused = await sendThrough(gatewayUrl, toConversation)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '5'])
    await page.locator('.entry.faulted').waitFor({ state: 'attached' })
    expect((await sendThrough(gatewayUrl, toConversation)).status).toBe(200)
  })

  test('a block gives messages to that side a 412', async () => {
    const { simulator, gatewayUrl } = await startSimulatedGateway()
    const { page } = await openPage(simulator.url)
    await show(page, 'faults')
    await Promise.all([page.waitForResponse('**/simulator/settings'), page.locator('[data-blocks="buyer"]').check()])
    expect((await sendThrough(gatewayUrl, toConversation)).status).toBe(412)
  })
})

inBrowser('accessibility', () => {
  test.each([
    ['fa-IR', 'rtl'],
    ['en-GB', 'ltr'],
  ])('the page begins in the language of the browser: %s', async (locale, direction) => {
    const { simulator } = await startSimulatedGateway()
    const { page } = await openTab(simulator.url, { locale })
    await page.locator('[data-phone="seller"]').waitFor()
    expect(await page.locator('html').getAttribute('dir')).toBe(direction)
  })

  test('the language can be switched and is remembered', async () => {
    const { simulator } = await startSimulatedGateway()
    const { page } = await openPage(simulator.url)
    await page.getByRole('heading', { name: 'درخواست‌ها و پاسخ‌ها' }).waitFor()
    await page.locator('[data-language="en"]').click()
    await page.getByRole('heading', { name: 'Requests and responses' }).waitFor()
    await page.reload()
    await page.getByRole('heading', { name: 'Requests and responses' }).waitFor()
    expect(await page.locator('html').getAttribute('dir')).toBe('ltr')
  })

  test('the keyboard alone is enough to write, open the app, consent, book, go back, and arm a fault', async () => {
    const { simulator } = await startDemo()
    const { page } = await openPage(simulator.url, { language: 'en' })
    const press = async (key: string, until: string, inside: Page | FrameLocator = page) => {
      for (let count = 0; count < 60; count++) {
        if ((await inside.locator(`${until}:focus`).count()) > 0) return
        await page.keyboard.press(key)
      }
      throw new Error(`the focus never came to ${until}`)
    }
    await press('Tab', '[data-phone="seller"] [data-composer]')
    await page.keyboard.type('hello')
    await page.keyboard.press('Enter')
    await page.locator('[data-phone="buyer"] [data-message]').waitFor()
    await press('Shift+Tab', '[data-phone="seller"] [data-menu]')
    await page.keyboard.press('Enter')
    const frame = page.frameLocator('[data-phone="seller"] [data-webview] iframe')
    await frame.locator('[value="allow"]').waitFor()
    await press('Tab', '[value="allow"]', frame)
    await page.keyboard.press('Enter')
    await frame.locator('form[action="/book"]').waitFor()
    await press('Tab', '[type="submit"]', frame)
    await page.keyboard.press('Enter')
    await page.locator('[data-phone="buyer"] [data-button]').waitFor()
    await press('Shift+Tab', '[data-phone="seller"] [data-webview-close]')
    await page.keyboard.press('Escape')
    await page.locator('[data-phone="seller"] [data-menu]:focus').waitFor()
    await press('Tab', '[data-tab="timeline"]')
    await press('ArrowRight', '[data-tab="faults"]')
    await press('Tab', '[data-fault="500"]')
    await page.keyboard.press('Enter')
    await page.locator('[data-armed]', { hasText: '500' }).waitFor()
  })

  test.each(LOOKS)(
    '%s, %s, %i px: no WCAG 2 A or AA violation and no sideways scrolling',
    async (language, colorScheme, width) => {
      const { simulator, internalUrl, app } = await startDemo()
      for (const message of sampleMessages(simulator.world, app.url)) await sendThrough(internalUrl, message)
      simulator.conversation.faults.arm('wrong_key', 1)
      const { page } = await openPage(simulator.url, { language, width })
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      const open = (view: Parameters<typeof show>[1]) => (width === 360 ? show(page, view) : Promise.resolve())
      const check = async () => {
        expect(await findBarriers(page)).toEqual([])
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
      }
      await open('seller')
      await page.locator('[data-phone="seller"] [data-menu]').click()
      await page.locator('[data-refusal]').waitFor()
      await open('buyer')
      await page.locator('[data-phone="buyer"] [data-location]').click()
      await check()
      for (const view of ['compose', 'faults', 'timeline'] as const) {
        await show(page, view)
        if (view === 'timeline') await page.locator('[data-entry] summary').first().click()
        await check()
      }
    },
  )

  test('in forced colors the sender of each message and each pressed switch can be recognized', async () => {
    const { simulator } = await startSimulatedGateway()
    for (const from of ['buyer', 'seller'] as const)
      simulator.conversation.say({ from, kind: 'text', text: from, buttons: { seller: [], buyer: [] } })
    const { page } = await openPage(simulator.url)
    await page.emulateMedia({ forcedColors: 'active' })
    const look = (selector: string, property: string): Promise<unknown> =>
      page.evaluate(
        `getComputedStyle(document.querySelector(${JSON.stringify(selector)})).getPropertyValue('${property}')`,
      )
    const seller = '[data-phone="seller"]'
    await page.locator(`${seller} .bubble.other`).waitFor()
    expect(await look(`${seller} .bubble.own`, 'border-top-width')).toBe('3px')
    expect(await look(`${seller} .bubble.other`, 'border-top-width')).toBe('1px')
    expect(await look(`[data-language="fa"]`, 'background-color')).not.toBe(
      await look(`[data-language="en"]`, 'background-color'),
    )
  })

  test('the whole page, fonts included, is under 400 KB', async () => {
    const { simulator } = await startSimulatedGateway()
    const { page, strangers } = await openPage(simulator.url)
    const bodies: Promise<Buffer>[] = []
    page.on('response', (response) => {
      if (!response.url().endsWith('/simulator/events')) bodies.push(response.body())
    })
    await page.reload({ waitUntil: 'load' })
    await page.locator('[data-phone="buyer"]').waitFor()
    await page.evaluate('document.fonts.ready')
    expect(await page.evaluate(`document.fonts.check('16px Vazirmatn', 'سلام')`)).toBe(true)
    const bytes = (await Promise.all(bodies)).reduce((sum, { length }) => sum + length, 0)
    expect(bytes).toBeGreaterThan(50_000)
    expect(bytes).toBeLessThan(400_000)
    expect(strangers).toEqual([])
  })

  test('two hundred messages are all shown', async () => {
    const { simulator } = await startSimulatedGateway()
    const { page } = await openPage(simulator.url)
    for (let count = 0; count < 200; count++) {
      simulator.conversation.say({ from: 'buyer', kind: 'text', text: `${count}`, buttons: { seller: [], buyer: [] } })
    }
    await expectCount(page.locator('[data-phone="seller"] [data-message]'), 200)
  })

  test('a lost connection is reported and restored, with all messages', async () => {
    const { simulator } = await startSimulatedGateway()
    const { page } = await openPage(simulator.url)
    await simulator.close()
    await page.locator('[data-connection]').waitFor()
    const { simulator: next } = await startSimulatedGateway(() => ({}), { port: simulator.port })
    next.conversation.say({ from: 'buyer', kind: 'text', text: 'missed', buttons: { seller: [], buyer: [] } })
    await page.locator('[data-phone="seller"]').getByText('missed').waitFor()
    await page.locator('[data-connection]').waitFor({ state: 'hidden' })
  })
})
