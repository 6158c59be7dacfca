import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { afterAll } from '@jest/globals'
import { chromium, type Browser, type Page } from 'playwright-core'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome']

/** Where a Chromium is on this machine; nothing when there is none, and tests in a browser are then left out. */
export const CHROMIUM = (process.env['PATH'] ?? '')
  .split(delimiter)
  .flatMap((folder) => NAMES.map((name) => join(folder, name)))
  .find((file) => existsSync(file))

/** Nothing that would look for a network of its own. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

let browser: Promise<Browser> | undefined
afterAll(async () => {
  await (await browser)?.close()
})

/** A page in a context of its own. Whatever it asks of any other machine fails, and is in `strangers`. */
export async function openPage(
  url: string,
  { language = 'fa', width = 1280, height = 900 }: { language?: 'fa' | 'en'; width?: number; height?: number } = {},
): Promise<{ page: Page; strangers: string[]; complaints: string[] }> {
  if (CHROMIUM === undefined) throw new Error('there is no Chromium on this machine')
  browser ??= chromium.launch({ executablePath: CHROMIUM, args: FLAGS })
  const context = await (await browser).newContext({ viewport: { width, height }, reducedMotion: 'reduce' })
  const strangers: string[] = []
  await context.route(
    (address) => address.hostname !== '127.0.0.1',
    (route) => {
      strangers.push(route.request().url())
      return route.abort()
    },
  )
  const complaints: string[] = []
  const page = await context.newPage()
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  await page.goto(url)
  await page.locator(`[data-language="${language}"]`).first().click()
  return { page, strangers, complaints }
}
