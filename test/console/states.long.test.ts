import { beforeAll, describe, expect, test } from '@jest/globals'
import type { Page, Route } from 'playwright-core'
import { CHROMIUM, expectCount, expectSoon, expectText, findBarriers, LOOKS, openPage } from '../support/browser.ts'
import { CONSOLE_CALLERS, OPERATOR_KEY } from '../support/console.ts'
import { withStore } from '../support/databases.ts'
import { KEYS, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { answer, chatMessage, ONE_TRY, queue, until } from '../support/outbox.ts'

const inBrowser = CHROMIUM === undefined ? describe.skip : describe

const HOUR_MS = 3600_000

let gateway: TestGateway
/** Messages, by what is told of them. */
let ids: Record<'timed' | 'retried' | 'behind' | 'failed' | 'unknown' | 'sending', string>
beforeAll(async () => {
  const store = { ...(await withStore('sqlite')), ...CONSOLE_CALLERS }
  const first = await startTestGateway({ ...store, ...ONE_TRY })
  first.divar.misbehave(answer(503, '{}', { 'retry-after': '120' }))
  const failed = await queue(first, chatMessage('c-failed', 'x'))
  await until(first, failed, 'failed')
  await first.stop()
  gateway = await startTestGateway({ ...store, DIVAR_TIMEOUT_MS: '60000' })
  const { divar } = gateway
  divar.misbehave({ kind: 'reset' })
  const unknown = await queue(gateway, chatMessage('c-unknown', 'x'))
  await until(gateway, unknown, 'unknown')
  divar.misbehave(answer(500, '{"code":13,"message":"internal error"}', { 'retry-after': '300' }))
  const retried = await queue(gateway, chatMessage('c-retried', 'x'))
  await until(gateway, retried, 'queued', ({ attempts }) => attempts.length === 1)
  const behind = await queue(gateway, chatMessage('c-retried', 'y'))
  const timed = await queue(gateway, {
    ...chatMessage('c-timed', 'x'),
    not_before: new Date(Date.now() + HOUR_MS).toISOString(),
  })
  divar.misbehave({ kind: 'silence' })
  const sending = await queue(gateway, chatMessage('c-sending', 'x'))
  await until(gateway, sending, 'sending')
  ids = { timed, retried, behind, failed, unknown, sending }
})

type Look = Parameters<typeof openPage>[1]

/** The console, logged in, with what this address shows. */
async function openConsole(query = '', look: Look = { language: 'en' }): Promise<Page> {
  const { page } = await openPage(`${gateway.internalUrl}/console${query}`, look)
  await page.locator('input[name="key"]').fill(OPERATOR_KEY)
  await page.keyboard.press('Enter')
  await page.locator('.tabs').waitFor()
  return page
}

const detail = (page: Page) => page.locator('[data-detail]')

/** Answers as the gateway does when it refuses. */
function refusing(status: number, code: string) {
  return (route: Route) =>
    route.fulfill({ status, contentType: 'application/problem+json', body: JSON.stringify({ status, code }) })
}

inBrowser('the console says of a message', () => {
  test('that is queued what it waits for, and draws its attempts and the next one over time', async () => {
    const page = await openConsole(`?open=${ids.timed}`)
    await expectText(detail(page).locator('[data-why]'), 'Why: It waits for its time, not_before.')
    await page.locator(`.opener[data-open="${ids.behind}"]`).click()
    await expectText(detail(page).locator('[data-why]'), 'Why: It waits for the one before it in its conversation.')
    await page.locator(`.opener[data-open="${ids.retried}"]`).click()
    await expectText(detail(page).locator('[data-why]'), /The last attempt: Divar failed\. The queue tries again/)
    await expectCount(detail(page).locator('[data-chart] .track .place'), 2)
    await expectText(detail(page).locator('[data-chart]'), /Divar failed[\s\S]*Next attempt/)
  })

  test('that is being sent that nothing can be done until the answer comes', async () => {
    const page = await openConsole(`?open=${ids.sending}`)
    await expectText(detail(page).locator('.acts'), /being sent right now/)
    await expectCount(detail(page).locator('[data-act]'), 0)
  })

  test('that nobody keeps that there is nothing, with its id once', async () => {
    const page = await openConsole('?open=msg_of-nobody')
    await expectText(detail(page).locator('h2'), 'Not found')
    await expectCount(detail(page).getByText('msg_of-nobody'), 1)
  })
})

inBrowser('the console asks before what cannot be undone', () => {
  test.each([
    ['cancel', 'timed', 'Cancel this message?', 'Cancel the message'],
    ['retry', 'unknown', 'Retry it all the same?', 'Retry'],
  ] as const)(
    'a %s of one, names what the button does, and gives the focus back after a no',
    async (act, which, question, yes) => {
      const page = await openConsole(`?open=${ids[which]}`)
      await page.locator(`[data-act="${act}"]`).focus()
      await page.keyboard.press('Enter')
      await expectText(page.locator('dialog[open] h2'), question)
      await expectText(page.locator('[data-confirm]'), yes)
      expect(await findBarriers(page)).toEqual([])
      await page.keyboard.press('Escape')
      await page.locator(`[data-act="${act}"]:focus`).waitFor()
    },
  )

  test('a cancellation of all that are queued, and the button says how many', async () => {
    const page = await openConsole('?state=queued')
    await page.locator('[data-bulk-open]:visible').click()
    await expectText(page.locator('[data-bulk-start]'), 'Cancel 3 messages')
    await page.locator('[data-bulk-close]').click()
    await page.locator('[data-bulk-open]:focus').waitFor()
  })
})

inBrowser('an act that failed is told in a sentence', () => {
  test.each([
    [403, 'not_allowed', /^Not done\. The gateway refused this page/],
    [409, 'wrong_state', 'Not done. Its state has changed meanwhile.'],
    [503, 'store_unavailable', 'Not done. The store does not answer. Try again in a moment.'],
    [504, 'store_outcome_unknown', /^It is unknown whether this was done/],
  ] as const)('%i %s', async (status, code, told) => {
    const page = await openConsole(`?open=${ids.failed}`)
    await page.route('**/retry', refusing(status, code))
    await page.locator('[data-act="retry"]').click()
    await expectText(page.locator('[data-toast="danger"] span:not(.mark)'), told)
    expect(await findBarriers(page)).toEqual([])
  })

  test('and without an answer it says that it may have been done', async () => {
    const page = await openConsole(`?open=${ids.failed}`)
    await page.route('**/retry', (route) => route.abort())
    await page.locator('[data-act="retry"]').click()
    await expectText(page.locator('[data-toast="danger"] span:not(.mark)'), /^It is unknown whether this was done/)
  })
})

inBrowser('a list', () => {
  test('offers to retry or cancel all only where some are listed', async () => {
    const page = await openConsole()
    await page.locator('[data-bulk-open]:visible').waitFor()
    await page.locator('[data-filter-state]:visible').selectOption('rejected')
    await page.locator('[data-empty]:visible').waitFor()
    await expectCount(page.locator('[data-bulk-open]:visible'), 0)
    await page.locator('[data-tab="events"]').click()
    await page.locator('[data-empty]:visible').filter({ hasText: 'No events' }).waitFor()
    await expectCount(page.locator('[data-bulk-open]:visible'), 0)
  })
})

inBrowser('a log-in that is refused says why', () => {
  test.each([
    ['a caller that may not operate', undefined, /permission operate/],
    ['another origin', { code: 'not_allowed' }, /by another address/],
    // Whatever it says.
    ['a proxy', 'no "permission"', /was not from the gateway/],
  ] as const)('%s', async (_, body, told) => {
    const { page } = await openPage(`${gateway.internalUrl}/console`, { language: 'en' })
    if (body !== undefined) {
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      await page.route('**/console/session', (route) => route.fulfill({ status: 403, body: text }))
    }
    await page.locator('input[name="key"]').fill(KEYS.caller)
    await page.keyboard.press('Enter')
    await expectText(page.locator('[data-problem]'), told)
  })
})

inBrowser('everybody can read', () => {
  test.each(LOOKS)(
    '%s, %s, %i px: the details of a queued message with attempts, without a barrier and within the page',
    async (language, colorScheme, width) => {
      const page = await openConsole(`?open=${ids.retried}`, { language, colorScheme, width })
      await detail(page).locator('[data-chart]').waitFor()
      expect(await findBarriers(page)).toEqual([])
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
      // A link leads to the details, also where they are below the list.
      const isInSight = "document.querySelector('[data-detail] h2').getBoundingClientRect().top < innerHeight"
      await expectSoon(() => page.evaluate(isInSight), true)
    },
  )
})
