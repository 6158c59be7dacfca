import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { delimiter, join } from 'node:path'
import { afterAll, jest } from '@jest/globals'
import { chromium, type Browser, type Page } from 'playwright-core'
import { reportMissing } from './programs.ts'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome']

/** The path of Chromium on this machine; `undefined` when there is none, and tests in a browser are skipped. */
export const CHROMIUM = (process.env['PATH'] ?? '')
  .split(delimiter)
  .flatMap((folder) => NAMES.map((name) => join(folder, name)))
  .find((file) => existsSync(file))
if (CHROMIUM === undefined) reportMissing('chromium', 'the pages are not tried in a browser')

/** A browser on a busy machine is slow. */
const PATIENCE_MS = 120_000
jest.setTimeout(PATIENCE_MS)

const THIS_MACHINE = new Set(['127.0.0.1', 'localhost'])

/** Flags that stop the browser from using the network by itself. */
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

type Tab = { page: Page; strangers: string[]; complaints: string[] }
type Window = { width?: number; height?: number; colorScheme?: 'light' | 'dark' }

/** A page in its own context. Its requests to other machines fail and are listed in `strangers`. */
export async function openTab(
  url: string,
  { width = 1280, height = 900, colorScheme = 'light', locale = 'fa-IR' }: Window & { locale?: string } = {},
): Promise<Tab> {
  if (CHROMIUM === undefined) throw new Error('there is no Chromium on this machine')
  browser ??= chromium.launch({ executablePath: CHROMIUM, args: FLAGS })
  const context = await (
    await browser
  ).newContext({ viewport: { width, height }, colorScheme, locale, reducedMotion: 'reduce', ignoreHTTPSErrors: true })
  context.setDefaultTimeout(PATIENCE_MS)
  const strangers: string[] = []
  await context.route(
    (address) => !THIS_MACHINE.has(address.hostname),
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
  return { page, strangers, complaints }
}

/** The same, with a page that is switched to a language. */
export async function openPage(
  url: string,
  { language = 'fa', ...window }: Window & { language?: 'fa' | 'en' } = {},
): Promise<Tab> {
  const tab = await openTab(url, window)
  await tab.page.locator(`[data-language="${language}"]`).first().click()
  return tab
}

/** What axe-core finds against WCAG 2 A and AA. */
export async function findBarriers(page: Page): Promise<unknown> {
  await page.evaluate(await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'))
  return page.evaluate(
    `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] })
    .then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))`,
  )
}
