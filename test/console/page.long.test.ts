import { beforeAll, describe, expect, test } from '@jest/globals'
import type { Page } from 'playwright-core'
import { CHROMIUM, expectCount, expectText, findBarriers, LOOKS, openPage } from '../support/browser.ts'
import { CONSOLE_CALLERS, OPERATOR_KEY } from '../support/console.ts'
import { withStore } from '../support/databases.ts'
import { KEYS, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { answer, ONE_TRY, queue, textsReceivedBy } from '../support/outbox.ts'

const inBrowser = CHROMIUM === undefined ? describe.skip : describe

const TEXT = 'canary text of a message'
const USER = 'canary-user-id'
/** Divar asks to wait for longer than the message may. */
const REFUSED = answer(503, '{}', { 'retry-after': '120' })
const FAILED = 3

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway({
    ...(await withStore('sqlite')),
    ...ONE_TRY,
    ...CONSOLE_CALLERS,
    LOG_LEVEL: 'info',
  })
  for (let count = 0; count < FAILED; count += 1) {
    gateway.divar.misbehave(REFUSED)
    const id = await queue(gateway, { user_id: USER, post_token: `post-${count}`, peer_id: `${USER}-2`, message: TEXT })
    await gateway.loggedWhen((lines) => lines.some((line) => line['message_id'] === id && line['state'] === 'failed'))
  }
})

type Watched = { page: Page; complaints: string[]; bodies: () => Promise<string> }

/** The console, logged in, with everything that came over the network. */
async function openConsole(look: Parameters<typeof openPage>[1] = { language: 'en' }): Promise<Watched> {
  const { page, complaints, strangers } = await openPage(`${gateway.internalUrl}/console`, look)
  const bodies: Promise<string>[] = []
  page.on('response', (response) => {
    bodies.push(response.text().catch(() => ''))
  })
  await page.locator('input[name="key"]').fill(OPERATOR_KEY)
  await page.keyboard.press('Enter')
  await page.locator('tbody tr:visible').first().waitFor()
  const watched = { page, complaints, bodies: async () => (await Promise.all(bodies)).join('\n') }
  expect(strangers).toEqual([])
  return watched
}

/** No text, token, key or id of a person is in the page, the network or the log. */
async function expectNoSecrets({ page, complaints, bodies }: Watched): Promise<void> {
  const everything = `${await page.content()}\n${await bodies()}\n${page.url()}`
  for (const secret of [TEXT, USER, KEYS.token, KEYS.caller, OPERATOR_KEY]) expect(everything).not.toContain(secret)
  expect(everything).toContain('msg_')
  expect(complaints).toEqual([])
  for (const secret of [TEXT, USER, OPERATOR_KEY]) expect(gateway.output()).not.toContain(secret)
}

const states = (page: Page, state: string) => page.locator('tbody tr:visible .cell-state').filter({ hasText: state })

inBrowser('everybody can use the console', () => {
  test.each(LOOKS)(
    '%s, %s, %i px: no WCAG 2 A or AA violation and no sideways scrolling, in the log-in, the list, the details and a dialog',
    async (language, colorScheme, width) => {
      const look = { language, colorScheme, width }
      const login = await openPage(`${gateway.internalUrl}/console`, look)
      await login.page.locator('input[name="key"]').waitFor()
      const { page } = await openConsole(look)
      await page.locator('.opener').first().click()
      await page.locator('[data-detail] [data-why]').waitFor()
      for (const one of [login.page, page]) {
        expect(await findBarriers(one)).toEqual([])
        expect(await one.evaluate('document.documentElement.scrollWidth')).toBe(width)
        expect(await one.locator('html').getAttribute('dir')).toBe(language === 'fa' ? 'rtl' : 'ltr')
      }
      await page.locator('[data-bulk-open]:visible').click()
      await page.locator('[data-bulk="counted"]').waitFor()
      expect(await findBarriers(page)).toEqual([])
    },
  )

  test('with the keyboard alone: to the list and out of it, to a message, its details and back, to the search', async () => {
    const { page } = await openConsole()
    const focused = async () => page.locator('.opener:focus').getAttribute('data-open')
    const rows = await page.locator('.opener:visible').all()
    const [first, ...others] = await Promise.all(rows.map((row) => row.getAttribute('data-open')))
    const last = others.at(-1)
    await page.locator('[data-filter-state]:visible').focus()
    while ((await page.locator('.opener:focus').count()) === 0) await page.keyboard.press('Tab')
    expect(await focused()).toBe(first)
    await page.keyboard.press('End')
    expect(await focused()).toBe(last)
    await page.keyboard.press('Home')
    expect(await focused()).toBe(first)
    await page.keyboard.press('Tab')
    await expectCount(page.locator('.opener:focus'), 0)
    await page.keyboard.press('Shift+Tab')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowUp')
    const id = await focused()
    expect(id).toBe(others[0])
    await page.keyboard.press('Enter')
    await page.locator('[data-detail] h2:focus').waitFor()
    expect(new URL(page.url()).searchParams.get('open')).toBe(id)
    await page.keyboard.press('Escape')
    await page.locator(`.opener[data-open="${id}"]:focus`).waitFor()
    await page.locator('[data-detail]').waitFor({ state: 'hidden' })
    await page.keyboard.press('/')
    await page.locator('input[name="conversation"]:focus').waitFor()
  })

  test('and gets the docs in the language of the page', async () => {
    const { page } = await openConsole({ language: 'fa' })
    expect(await page.locator('[data-docs]').getAttribute('href')).toBe('/docs?lang=fa')
    await page.locator('[data-language="en"]').click()
    expect(await page.locator('[data-docs]').getAttribute('href')).toBe('/docs?lang=en')
  })

  test('and weighs less than 300 KB with its styles, scripts and fonts', async () => {
    const { page } = await openPage(`${gateway.internalUrl}/console`, { language: 'fa' })
    const sizes: Promise<number>[] = []
    page.on('response', (response) => {
      sizes.push(
        response.body().then(
          ({ length }) => length,
          () => 0,
        ),
      )
    })
    await page.locator('input[name="key"]').fill(OPERATOR_KEY)
    await page.keyboard.press('Enter')
    await page.locator('tbody tr:visible').first().waitFor()
    const total = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
    expect(total).toBeGreaterThan(50_000)
    expect(total).toBeLessThan(300_000)
  })
})

inBrowser('an operator', () => {
  test('finds in two steps why a message did not arrive, and what a retry will do', async () => {
    const watched = await openConsole()
    const { page } = watched
    await page.locator('[data-item="messages_failed"] button').click()
    await states(page, 'failed').first().waitFor()
    await page.locator('.opener:visible').first().click()
    await page.locator('[data-why]').filter({ hasText: 'Divar failed' }).waitFor()
    await page.locator('.attempt-list li').filter({ hasText: '503' }).waitFor()
    await page.locator('.act').filter({ hasText: 'queued again' }).waitFor()
    await expectNoSecrets(watched)
  })

  test('finds a conversation by its id, which no server gets in an address, with every step that led to where its message is', async () => {
    gateway.divar.misbehave(REFUSED)
    const id = await queue(gateway, { conversation_id: 'c-searched', message: TEXT })
    await gateway.loggedWhen((lines) => lines.some((line) => line['message_id'] === id && line['state'] === 'failed'))
    const watched = await openConsole()
    const { page } = watched
    await page.keyboard.press('/')
    await page.keyboard.type('c-searched')
    await page.keyboard.press('Enter')
    await page.locator('[data-entries] [data-kind="send"]').filter({ hasText: id }).waitFor()
    await page.locator('[data-entries] [data-kind="attempt"]').filter({ hasText: 'Divar failed' }).waitFor()
    // The keyboard is at what was found, and the next stop opens the newest step, which says how the message ended.
    await page.locator('.conversation h2:focus').waitFor()
    await page.keyboard.press('Tab')
    await page.locator('[data-entries] li:first-child[data-kind="attempt"] button:focus').waitFor()
    await page.keyboard.press('Enter')
    await page.locator('[data-why]').filter({ hasText: 'Divar failed' }).waitFor()
    expect(new URL(page.url()).search).not.toContain('c-searched')
    await page.reload()
    await page.locator('[data-entries] [data-kind="send"]').filter({ hasText: id }).waitFor()
    await expectNoSecrets(watched)
  })

  test('shares an address that leads to the same list and the same details', async () => {
    const { page } = await openConsole()
    await page.locator('[data-filter-state]:visible').selectOption('failed')
    await page.locator('.opener:visible').first().click()
    await page.locator('[data-detail] h2').waitFor()
    await page.reload()
    await page.locator('[data-detail] h2').waitFor()
    expect(await page.locator('[data-filter-state]:visible').inputValue()).toBe('failed')
  })

  test('says what brings rows where there are none', async () => {
    const { page } = await openConsole()
    await page.locator('[data-filter-state]:visible').selectOption('cancelled')
    await page.locator('[data-empty]:visible').filter({ hasText: 'Nothing matches' }).waitFor()
    await page.locator('[data-tab="events"]').click()
    await page.locator('[data-empty]:visible').filter({ hasText: 'EVENTS_URL' }).waitFor()
  })

  test('is told that the session has ended, and comes back to the same place after a log-in, also if the gateway is away at first', async () => {
    const { page, complaints } = await openConsole()
    await page.locator('[data-filter-state]:visible').selectOption('failed')
    await page.context().clearCookies()
    await page.locator('[data-problem]').filter({ hasText: 'session has ended' }).waitFor()
    await page.locator('input[name="key"]').fill(OPERATOR_KEY)
    await page.route('**/console/session', (route) => route.abort(), { times: 1 })
    await page.keyboard.press('Enter')
    await page.locator('[data-problem]').filter({ hasText: 'did not answer' }).waitFor()
    complaints.length = 0
    // The typed key is still there.
    await page.keyboard.press('Enter')
    await states(page, 'failed').first().waitFor()
    expect(new URL(page.url()).search).toBe('?state=failed')
  })

  test('sends again all that failed in the last hour: counts first, a bar, a summary; each arrives once', async () => {
    const before = textsReceivedBy(gateway.divar).length
    const watched = await openConsole()
    const { page } = watched
    await page.locator('[data-filter-age]').selectOption('hour')
    await page.locator('[data-filter-state]:visible').selectOption('failed')
    // All API versions are sent again together; the page says so.
    await page.locator('[data-filter-wire]:visible').selectOption('v2')
    await page.locator('[data-no-bulk]:visible').waitFor()
    await page.locator('[data-filter-wire]:visible').selectOption('')
    await page.locator('[data-bulk-open]:visible').click()
    await page
      .locator('[data-bulk="counted"]')
      .filter({ hasText: `${FAILED + 1} messages are queued again` })
      .filter({ hasText: 'rejected, unknown or expired are not among these' })
      .waitFor()
    await page.locator('[data-bulk-start]').click()
    await expectText(
      page.locator('[data-bulk="finished"] p'),
      `${FAILED + 1} messages are queued again. Choose “All states” in the list to see how each ends.`,
    )
    await page.locator('[data-bulk-close]').click()
    await page.locator('[data-filter-state]:visible').selectOption('delivered')
    await states(page, 'delivered').nth(FAILED).waitFor()
    expect(textsReceivedBy(gateway.divar)).toHaveLength(before + FAILED + 1)
    expect(await gateway.logged('audit')).toMatchObject({ act: 'messages.retry', caller: 'ops', changed: FAILED + 1 })
    await expectNoSecrets(watched)
  })
})
