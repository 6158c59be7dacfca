import { readFile } from 'node:fs/promises'
import { describe, expect, test } from '@jest/globals'
import { CHROMIUM, expectCount, expectText, findBarriers, openPage, openTab } from '../support/browser.ts'
import { startDemo } from '../support/demo.ts'
import { startRecordingApp } from '../support/recording-app.ts'
import { decide, phone, show, webView } from '../support/simulator-page.ts'
import { sendThrough, startSimulatedGateway } from '../support/simulated-gateway.ts'

const toConversation = { conversation_id: '6b3d5cf7-9291-4fa9-892a-9d07e300daea', message: 'سلام' }

const inBrowser = CHROMIUM === undefined ? describe.skip : describe

inBrowser('the timeline', () => {
  test('tells one journey on one card, from the click through consent to the message, in the language of the page', async () => {
    const { simulator } = await startDemo()
    const { page } = await openPage(simulator.url, { language: 'en' })
    await phone(page, 'buyer').locator('[data-menu]').click()
    await decide(page, 'buyer', 'allow')
    await webView(page, 'buyer').locator('form[action="/book"] [type="submit"]').click()
    await page.locator('[data-kind="delivery"]').waitFor()
    await expectCount(page.locator('[data-journey]'), 1)
    const headline = page.locator('[data-journey] .headline')
    await expectText(headline, /^Arash opened the app → asked for consent in \d+ ms.* → allowed → 1 delivered$/)
    await page.locator('[data-language="fa"]').click()
    await expectText(headline, /^آرش اپ را باز کرد ← در [۰-۹]+ میلی‌ثانیه .* ← اجازه داد ← ۱ پیام تحویل شد$/)
  })

  test('an entry has a link that opens it, and a filter is in the address', async () => {
    const { simulator } = await startSimulatedGateway()
    const { page } = await openPage(simulator.url, { language: 'en' })
    await phone(page, 'buyer').locator('[data-menu]').click()
    await page.locator('[data-kind="landing"]').waitFor()
    await page.locator('[data-filter-kind]').selectOption('landing')
    await page.locator('[data-kind="click"]').waitFor({ state: 'hidden' })
    await page.locator('[data-filter-outcome]').selectOption('refused')
    await page.locator('[data-no-match]').waitFor()
    await page.locator('[data-filter-outcome]').selectOption('')
    await page.locator('[data-kind="landing"] summary').click()
    await page.locator('[data-link]').click()
    await page.locator('[data-kind="landing"] summary').focus()
    await page.keyboard.press('Escape')
    await expectCount(page.locator('.entry[open]'), 0)
    await page.locator('[data-filter-kind]').selectOption('')
    await page.locator('[data-kind="landing"] summary').focus()
    await page.keyboard.press('ArrowUp')
    await page.locator('[data-kind="click"] summary:focus').waitFor()
    await page.locator('[data-filter-kind]').selectOption('landing')
    const { page: other } = await openTab(page.url(), { width: 1700 })
    await other.locator('[data-detail] [data-detail-of="2"]').waitFor()
    expect(await other.locator('[data-kind="click"]').isVisible()).toBe(false)
    expect(await findBarriers(other)).toEqual([])
  })

  test('its notes are in the language of the page', async () => {
    const { simulator } = await startSimulatedGateway()
    simulator.conversation.faults.arm('wrong_key', 1)
    const { page } = await openPage(simulator.url)
    await phone(page, 'buyer').locator('[data-menu]').click()
    const note = page.locator('[data-kind="click"] .note')
    await expectText(note, 'خطای ساختگی: کلید نادرست فرستاده شد. اپ آن را با 401 رد کرد، که درست است.')
    await page.locator('[data-language="en"]').click()
    await expectText(note, /^Simulated fault: a wrong key was sent/)
  })

  test('a click can be edited and sent again', async () => {
    const { simulator, called } = await startRecordingApp()
    const { page } = await openPage(simulator.url, { language: 'en' })
    await phone(page, 'buyer').locator('[data-menu]').click()
    await page.locator('[data-kind="click"] summary').click()
    await page.locator('[data-edit-entry]').click()
    await page.locator('[data-edited]').fill('{"half"')
    await page.locator('[data-resend]').click()
    await page.locator('[data-toast="danger"]', { hasText: 'not JSON' }).waitFor()
    await page.locator('[data-edited]').fill('{"post_token":"another"}')
    await page.locator('[data-resend]').click()
    const calls = await called(2)
    expect(calls[1]?.body).toEqual({ post_token: 'another' })
    await page.locator('.headline', { hasText: 'Sent again: Arash opened the app' }).waitFor()
  })

  test('a session is saved without a key or a token, and shown by another simulator', async () => {
    const { simulator } = await startDemo()
    const { page } = await openPage(simulator.url)
    await phone(page, 'buyer').locator('[data-menu]').click()
    await decide(page, 'buyer', 'allow')
    await webView(page, 'buyer').locator('form[action="/book"] [type="submit"]').click()
    await page.locator('[data-kind="delivery"]').waitFor()
    await phone(page, 'buyer').locator('[data-webview-close]').click()
    const [saved] = await Promise.all([page.waitForEvent('download'), page.locator('[data-save-session]').click()])
    const file = await saved.path()
    const text = await readFile(file, 'utf8')
    const { timeline } = simulator.conversation.snapshot()
    const secrets = timeline
      .flatMap(({ request, response }) => [request?.headers ?? {}, response?.headers ?? {}])
      .flatMap((headers) => ['authorization', 'x-api-key', 'x-access-token'].map((name) => headers[name]))
    for (const secret of secrets) if (secret !== undefined) expect(text).not.toContain(secret)
    expect(text).not.toMatch(/ory_[ar][tc]_|code=(?!\*)|state=(?!\*)|oauth\/start\/(?!\*)|"state" value="(?!\*)/)

    const { simulator: other } = await startSimulatedGateway()
    const { page: there } = await openPage(other.url, { language: 'en', width: 360 })
    await show(there, 'timeline')
    await there.locator('[data-session-file]').setInputFiles(file)
    await there.locator('.headline', { hasText: 'Arash opened the app' }).waitFor()
    await expectCount(there.locator('[data-entry]'), timeline.length)
    expect(other.conversation.snapshot().messages).toHaveLength(1)
    await there.locator('[data-session-file]').setInputFiles({
      name: 'broken.json',
      mimeType: 'application/json',
      buffer: Buffer.from('{"kenar_session":2}'),
    })
    await there.locator('[data-confirm]').click()
    await there.locator('[data-toast="danger"]', { hasText: 'The session was not loaded' }).waitFor()
    expect(await there.locator('[data-entry]').count()).toBe(timeline.length)
  })

  test('an entry of a loaded session is sent to a route of the platform only, not to one that changes the simulator', async () => {
    const { simulator } = await startRecordingApp()
    const { page } = await openPage(simulator.url, { language: 'en' })
    const request = {
      ...{ method: 'POST', url: `${simulator.url}/simulator/settings`, headers: {} },
      body: '{"session_url":"http://127.0.0.1:1/evil"}',
    }
    const entry = { id: 1, journey: 1, at: '2026-01-01T00:00:00Z', kind: 'delivery', outcome: 'ok', notes: [], request }
    const settings = { wire: 'v1', supplierKey: 'supplier', blockedBy: null }
    const before = simulator.conversation.settings
    await page.locator('[data-session-file]').setInputFiles({
      name: 'session.json',
      mimeType: 'application/json',
      buffer: Buffer.from(JSON.stringify({ kenar_session: 1, settings, messages: [], timeline: [entry] })),
    })
    await page.locator('[data-kind="delivery"] summary').first().click()
    await page.locator('[data-edit-entry]').click()
    await page.locator('[data-resend]').click()
    await page.locator('[data-toast="danger"]', { hasText: 'not a route of Divar' }).waitFor()
    expect(simulator.conversation.settings).toEqual(before)
  })

  test('"clear the list" leaves the chat as it is; "reset the chat" asks first, then empties both phones and the timeline', async () => {
    const { simulator, gatewayUrl } = await startSimulatedGateway()
    await sendThrough(gatewayUrl, toConversation)
    const { page } = await openPage(simulator.url)
    await page.locator('[data-entry]').waitFor()
    await page.locator('[data-clear-list]').click()
    await page.locator('[data-toast="success"]').waitFor()
    await expectCount(page.locator('[data-entry], [data-journey]'), 0)
    expect(await page.locator('[data-message]').count()).toBe(2)
    await page.locator('[data-reset]').click()
    await page.locator('dialog').press('Escape')
    expect(await page.locator('[data-message]').count()).toBe(2)
    await page.locator('[data-reset]').click()
    await page.locator('[data-confirm]').click()
    await page.locator('[data-message]').first().waitFor({ state: 'detached' })
  })
})
