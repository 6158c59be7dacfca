import { connect } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import type { Page } from 'playwright-core'
import type { Simulator } from '../../src/simulator/simulator.ts'
import { CHROMIUM, expectCount, openPage } from '../support/browser.ts'
import { startDemo } from '../support/demo.ts'
import { phone, show, webView } from '../support/simulator-page.ts'
import { startSimulatedGateway } from '../support/simulated-gateway.ts'

const inBrowser = CHROMIUM === undefined ? describe.skip : describe

const BUTTON = { kind: 'open_post_page', caption: 'the post', postToken: 'AZf3Uqr3' } as const
const say = ({ conversation }: Simulator, text: string) =>
  conversation.say({ from: 'buyer', kind: 'app', text, buttons: { seller: [[BUTTON]], buyer: [[BUTTON]] } })
const note = ({ conversation, url }: Simulator) =>
  conversation.note({
    kind: 'other',
    outcome: 'ok',
    notes: ['A note.'],
    request: { method: 'GET', url, headers: {}, body: '' },
  })

inBrowser('an update of the page does not change', () => {
  test('half-typed text, its selection and focus, and an open consent page', async () => {
    const { simulator } = await startDemo()
    const { page } = await openPage(simulator.url)
    await phone(page, 'buyer').locator('[data-menu]').click()
    await webView(page, 'buyer').locator('[value="allow"]').waitFor()
    await webView(page, 'buyer').locator('body').evaluate("document.body.dataset.mark = 'same page'")
    const input = phone(page, 'seller').locator('[data-composer]')
    await input.fill('half typed')
    await input.evaluate('document.activeElement.setSelectionRange(2, 6)')
    // Everything is sent again, as it is after a lost connection.
    simulator.conversation.reset()
    say(simulator, 'arrives meanwhile')
    await phone(page, 'seller').getByText('arrives meanwhile').waitFor()
    await page.locator('[data-language="en"]').evaluate('document.querySelector(\'[data-language="en"]\').click()')
    expect(
      await page.evaluate(
        '(({ value, selectionStart, selectionEnd }) => [value, selectionStart, selectionEnd])(document.activeElement)',
      ),
    ).toEqual(['half typed', 2, 6])
    expect(await webView(page, 'buyer').locator('body').getAttribute('data-mark')).toBe('same page')
  })

  test('an open entry and the focus in it', async () => {
    const { simulator } = await startSimulatedGateway()
    note(simulator)
    const { page } = await openPage(simulator.url)
    await page.locator('[data-entry="1"] summary').click()
    await page.locator('[data-entry="1"] [data-copy-curl]').focus()
    simulator.conversation.change({ wire: 'v2' })
    note(simulator)
    await page.locator('[data-entry="2"]').waitFor()
    expect(await page.locator('[data-entry="1"] [data-copy-curl]:focus').count()).toBe(1)
  })

  test('half-typed text, when a restarted simulator replaces the lost one', async () => {
    const { simulator } = await startSimulatedGateway()
    note(simulator)
    const { page } = await openPage(simulator.url)
    await page.locator('[data-entry="1"][data-kind="other"]').waitFor()
    await phone(page, 'seller').locator('[data-composer]').fill('half typed')
    await show(page, 'faults')
    await page.locator('[data-session-url]').fill('http://127.0.0.1:1/half')
    await show(page, 'timeline')
    await simulator.close()
    const { simulator: next } = await startSimulatedGateway(() => ({}), { port: simulator.port })
    next.conversation.note({ kind: 'click', outcome: 'ok', notes: [] })
    await page.locator('[data-entry="1"][data-kind="click"]').waitFor()
    expect(await phone(page, 'seller').locator('[data-composer]').inputValue()).toBe('half typed')
    expect(await page.locator('[data-session-url]').inputValue()).toBe('http://127.0.0.1:1/half')
    await expectCount(page.locator('[data-entry]'), 1)
  })
})

inBrowser('an entry that the simulator has dropped', () => {
  test('disappears from the page, and the focus that was in it stays in the chat', async () => {
    const { simulator } = await startSimulatedGateway()
    say(simulator, 'the oldest')
    const { page } = await openPage(simulator.url)
    await phone(page, 'seller').locator('[data-button]').focus()
    for (let count = 0; count < 500; count++) say(simulator, `${count}`)
    await phone(page, 'seller').getByText('the oldest').waitFor({ state: 'detached' })
    await page.locator('[data-phone="seller"] .messages:focus').waitFor()
    await expectCount(page.locator('[data-message]'), 1000)
  })

  test('frees its memory: after 2,000 more messages and entries there are no more nodes than before', async () => {
    const { simulator } = await startSimulatedGateway()
    const { page } = await openPage(simulator.url, { language: 'en' })
    const pass = async (times: number, last: string) => {
      for (let count = 1; count < times; count++) {
        say(simulator, 'one of many')
        note(simulator)
      }
      say(simulator, last)
      await phone(page, 'buyer').getByText(last).waitFor()
      await page.locator('[data-language="fa"]').click()
      await page.locator('[data-language="en"]').click()
      return countNodes(page)
    }
    const before = await pass(600, 'the first are full')
    const after = await pass(2000, 'all have passed')
    expect(after.nodes).toBeLessThan(before.nodes * 1.1)
    expect(after.listeners).toBeLessThan(before.listeners * 1.1)
  })
})

test('a request with `*` or an absolute address as its target does not break the page', async () => {
  const { simulator } = await startSimulatedGateway()
  for (const target of ['*', 'http://example.com/v2/open-platform/chat/conversation', '//x', '/%']) {
    await new Promise<void>((resolve) => {
      connect(simulator.port, '127.0.0.1')
        .once('close', () => {
          resolve()
        })
        .resume()
        .end(
          `POST ${target} HTTP/1.1\r\nhost: 127.0.0.1:${simulator.port}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`,
        )
    })
  }
  note(simulator)
  const { page, complaints } = await openPage(simulator.url)
  await page.locator('[data-kind="other"] .note').first().waitFor()
  for (const summary of await page.locator('[data-entry] summary').all()) await summary.click()
  say(simulator, 'still alive')
  await phone(page, 'seller').getByText('still alive').waitFor()
  expect(complaints).toEqual([])
})

async function countNodes(page: Page): Promise<{ nodes: number; listeners: number }> {
  const session = await page.context().newCDPSession(page)
  for (let round = 0; round < 3; round++) await session.send('HeapProfiler.collectGarbage')
  const { nodes, jsEventListeners: listeners } = await session.send('Memory.getDOMCounters')
  return { nodes, listeners }
}
