import { describe, expect, test } from '@jest/globals'
import type { Page } from 'playwright-core'
import { beginChat } from '../../src/demo/start-demo.ts'
import { persianMistake } from '../../src/simulator/page/compose-mistakes.ts'
import { CHROMIUM, openPage, openTab } from '../support/browser.ts'
import { startDemo } from '../support/demo.ts'
import { KEYS, startTestGateway } from '../support/gateway.ts'
import { parseJson } from '../support/requests.ts'
import { phone, show, webView } from '../support/simulator-page.ts'
import supertest from 'supertest'
import * as z from 'zod'

const inBrowser = CHROMIUM === undefined ? describe.skip : describe

async function openComposer(url: string): Promise<Page> {
  const { page } = await openPage(url, { language: 'fa' })
  await show(page, 'compose')
  await page.locator('[data-text]').waitFor()
  return page
}

/** Answers what the page asks of the gateway, in the simulator's place. */
const answerChecks = (page: Page, status: number, json: unknown) =>
  page.route('**/simulator/gateway/*', (route) => route.fulfill({ status, json }))

const KINDS = [
  ['open_server_link', '[data-data]', '{"order_id": "A-1"}'],
  ['open_direct_link', '[data-url]', 'https://app.example.com/'],
  ['get_dynamic_action', '[data-data]', '{"ask": "price"}'],
  ['open_post_page', '[data-post-token]', 'AZf3Uqr3'],
  ['open_post_manage_page', '[data-post-token]', 'AZf3Uqr3'],
] as const

inBrowser('the composer on the Persian page', () => {
  test('tells the mistakes of fields in Persian, and in English once the page is English', async () => {
    const { simulator } = await startDemo()
    const page = await openComposer(simulator.url)
    await page.locator('[data-add="0"]').click()
    await page.locator('[data-action]').selectOption('open_direct_link')
    await page.locator('[data-url]').fill('ftp://nowhere')
    const errors = page.locator('[data-field-error]:visible')
    await errors.filter({ hasText: 'باید آدرس کامل' }).waitFor()
    await page.locator('[data-compose-send]').click()
    await errors.filter({ hasText: 'چیزی بنویسید' }).first().waitFor()
    await page.locator('.result', { hasText: 'این پیام اشتباه دارد' }).waitFor()
    expect((await errors.allInnerTexts()).join(' ')).not.toContain('expected')
    await page.locator('[data-language="en"]').click()
    await errors.filter({ hasText: 'expected an absolute http(s) address' }).waitFor()
  })

  test('delivers a 3x3 grid with every kind of action, and keeps it while v1 is tried in between', async () => {
    const { simulator } = await startDemo()
    const page = await openComposer(simulator.url)
    await page.locator('[data-text]').fill('همه')
    await page.locator('[data-add="0"]').click()
    const nine = Array.from({ length: 9 }, (_, index) => KINDS[index % KINDS.length] ?? KINDS[0])
    for (const [index, [kind, field, value]] of nine.entries()) {
      await page.locator('[data-caption]').fill(`b${index}`)
      await page.locator('[data-action]').selectOption(kind)
      await page.locator(field).fill(value)
      if (index < nine.length - 1) await page.locator('[data-caption]').press('Enter')
    }
    await page.locator('[data-compose-wire="v1"]').click()
    await page.locator('[data-action] option').nth(1).waitFor({ state: 'attached' })
    await page.locator('[data-compose-wire="v2"]').click()
    await page.locator('[data-compose-send]').click()
    await phone(page, 'seller').locator('[data-button]').nth(8).waitFor()
    const [message] = simulator.conversation.snapshot().messages
    expect(message?.buttons.seller.flat().map(({ kind, caption }) => [kind, caption])).toEqual(
      nine.map(([kind], index) => [kind, `b${index}`]),
    )
  })

  test.each([
    [
      200,
      { status: 401, body: { code: 'api_key_refused' } },
      'کلید شبیه‌ساز از کلیدهای INTERNAL_API_KEYS این دروازه نیست',
    ],
    [
      502,
      { error: 'The call failed: ECONNREFUSED. Is the gateway running at this address?' },
      'آیا دروازه در این آدرس',
    ],
    [502, { error: 'There was no answer within 5000 ms.' }, 'پاسخی نیامد'],
  ])(
    'says in Persian why the gateway did not check a message (%i %j), and no more once one was sent',
    async (status, json, said) => {
      const { simulator } = await startDemo()
      const page = await openComposer(simulator.url)
      await answerChecks(page, status, json)
      await page.locator('[data-text]').fill('سلام')
      await page.locator('[data-mistakes]', { hasText: said }).waitFor()
      await page.unroute('**/simulator/gateway/*')
      await page.locator('[data-compose-send]').click()
      await page.locator('[data-toast="success"]').waitFor()
      await page.locator('[data-mistakes]:empty').waitFor({ state: 'attached' })
    },
  )

  test('says why it could not open, and opens at its next use', async () => {
    const { simulator } = await startDemo()
    const { page } = await openTab('about:blank', { locale: 'fa-IR' })
    await page.route('**/simulator/icons', (route) => route.abort())
    await page.goto(simulator.url)
    await show(page, 'compose')
    await page.locator('[data-compose-failed]', { hasText: 'شبیه‌ساز پاسخ نداد' }).waitFor()
    await page.unroute('**/simulator/icons')
    await show(page, 'timeline')
    await show(page, 'compose')
    await page.locator('[data-text]').waitFor()
  })

  test.each([
    ['{"wire":"v1","text":"x","grids":{"sender":[[{"caption":"only"}]]}}', 'x'],
    ['{"grids":{"sender":{"a":1},"receiver":[[null,3,{"kind":"x"}],[]],"bot":"x"},"text":5,"side":"?"}', ''],
    ['{"button":{"caption":"old"},"text":"old"}', ''],
  ])('opens with a draft of another shape: %s', async (saved, text) => {
    const { simulator } = await startDemo()
    const page = await openComposer(simulator.url)
    await page.evaluate(`localStorage.setItem('compose-draft', ${JSON.stringify(saved)})`)
    await page.reload()
    await show(page, 'compose')
    await page.locator('[data-text]').waitFor()
    expect(await page.locator('[data-text]').inputValue()).toBe(text)
  })
})

inBrowser('the consent page in a phone', () => {
  test('shows its buttons without scrolling at 1280x800', async () => {
    const demo = await startDemo()
    await beginChat(demo)
    const { page } = await openPage(demo.simulator.url, { language: 'en', width: 1280, height: 800 })
    await phone(page, 'buyer').locator('[data-button]').first().click()
    const allow = webView(page, 'buyer').locator('[name="decision"][value="allow"]')
    await allow.waitFor()
    const frame = await phone(page, 'buyer').locator('iframe').boundingBox()
    const button = await allow.boundingBox()
    if (frame === null || button === null) throw new Error('they are not on the page')
    expect(button.y + button.height).toBeLessThanOrEqual(frame.y + frame.height)
  })
})

test('every mistake that the gateway finds in a field of the composer has its Persian text', async () => {
  const { internalUrl } = await startTestGateway()
  const button = (action: unknown, more: object = {}) => ({ action, caption: 'x', ...more })
  const grid = (...buttons: unknown[]) => ({ rows: [{ buttons }] })
  const v1 = { user_id: 'u', post_token: 'p', peer_id: 'q', message: 'x' }
  const bodies = [
    { message: ' ' },
    { message: 5 },
    { message: 'x', media_token: 'y' },
    { message: 'x', not_before: '2099-01-01T00:00:00Z', expires_at: '2020-01-01T00:00:00Z' },
    { message: 'x', not_before: 'soon' },
    { media_token: 'x'.repeat(1025) },
    { media_token: 'a\u0001' },
    ...[
      button({ open_server_link: {} }, { caption: ' ' }),
      button({ open_server_link: {} }, { icon: 'x'.repeat(129) }),
      button({ open_server_link: { data: { n: 2 ** 60 } } }),
      button({ open_direct_link: 'ftp://x' }),
      button({ open_post_page: { post_token: '' } }),
      button({ open_post_manage_page: { post_token: 'a\u0001' } }),
    ].map((one) => ({ message: 'x', receiver_buttons: grid(one) })),
    { ...v1, sender_btn: { action: 'DIRECT_LINK', data: { caption: '', direct_link: 'x' } } },
    { ...v1, sender_btn: { action: 'LINK', data: { caption: 'x', extra_data: 'x', icon_name: 5 } } },
  ]
  const untold: string[] = []
  for (const body of bodies) {
    const message = 'peer_id' in body ? body : { conversation_id: 'c', ...body }
    const { text } = await supertest(internalUrl).post('/messages/check').set('x-api-key', KEYS.caller).send(message)
    if (!('errors' in parseJson(text))) throw new Error(`${JSON.stringify(body)}: ${text}`)
    const { errors } = z.object({ errors: z.array(z.object({ detail: z.string() })).min(1) }).parse(parseJson(text))
    untold.push(...errors.map(({ detail }) => detail).filter((detail) => persianMistake(detail) === undefined))
  }
  expect(untold).toEqual([])
})
