import { describe, expect, test } from '@jest/globals'
import { CHROMIUM, openPage } from '../support/browser.ts'
import { phone } from '../support/simulator-page.ts'
import { startSimulatedGateway } from '../support/simulated-gateway.ts'

const PLACES = 50

async function watchFromEverywhere(url: string): Promise<AbortController[]> {
  const watchers = Array.from({ length: PLACES }, () => new AbortController())
  await Promise.all(watchers.map(({ signal }) => fetch(`${url}/simulator/events`, { signal })))
  return watchers
}

test('one page too many gets 503 with Retry-After and the reason, and is served once a place is free', async () => {
  const { simulator } = await startSimulatedGateway()
  const [first] = await watchFromEverywhere(simulator.url)
  const ask = () => fetch(`${simulator.url}/simulator/events`)
  const refused = await ask()
  expect([refused.status, refused.headers.get('retry-after'), await refused.json()]).toEqual([
    503,
    '5',
    { error: '50 pages watch already; close one of them.' },
  ])
  first?.abort()
  let served = await ask()
  while (served.status === 503) served = await ask()
  expect(served.headers.get('content-type')).toBe('text/event-stream')
})

const inBrowser = CHROMIUM === undefined ? describe.skip : describe
inBrowser('a page too many', () => {
  test('says so, and shows everything once another is closed', async () => {
    const { simulator } = await startSimulatedGateway()
    const [first] = await watchFromEverywhere(simulator.url)
    const { page } = await openPage(simulator.url, { language: 'en' })
    await page.getByText('Too many pages of this simulator are open').waitFor()
    first?.abort()
    await phone(page, 'seller').waitFor()
    await page.locator('[data-connection]').waitFor({ state: 'hidden' })
  })
})
