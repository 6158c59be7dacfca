import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { delimiter, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, afterEach, expect, jest } from '@jest/globals'
import { chromium, type Browser, type BrowserContext, type Locator, type Page } from 'playwright-core'
import { reportMissing } from './programs.ts'

/** The first is Chromium without its own windows, which takes half of the processor time. */
const NAMES = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome']

/** The path of Chromium on this machine; `undefined` when there is none, and tests in a browser are skipped. */
export const CHROMIUM = (process.env['PATH'] ?? '')
  .split(delimiter)
  .flatMap((folder) => NAMES.map((name) => join(folder, name)))
  .find((file) => existsSync(file))
if (CHROMIUM === undefined) reportMissing('chromium', 'the pages are not tried in a browser')

/** A browser on a busy machine is slow. */
const PATIENCE_MS = 120_000
jest.setTimeout(PATIENCE_MS)
/** Shorter, so that a test says what it saw last before it is ended. */
const SETTLED_WITHIN_MS = 60_000
const LOOK_EVERY_MS = 50

const THIS_MACHINE = new Set(['127.0.0.1', 'localhost'])

/** Flags that stop the browser from using the network by itself, and pages from reaching other machines. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
]

let browser: Promise<Browser> | undefined
const contexts: BrowserContext[] = []
// An open page goes on working.
afterEach(async () => {
  await Promise.all(contexts.splice(0).map((context) => context.close()))
})
afterAll(async () => {
  await (await browser)?.close()
})

/** Languages, color schemes and widths in which a page is looked at. */
export const LOOKS = [
  ['fa', 'light', 1280],
  ['en', 'dark', 1280],
  ['fa', 'dark', 360],
  ['en', 'light', 360],
] as const

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
  contexts.push(context)
  context.setDefaultTimeout(PATIENCE_MS)
  const strangers: string[] = []
  context.on('request', (request) => {
    const { protocol, hostname } = new URL(request.url())
    if (protocol.startsWith('http') && !THIS_MACHINE.has(hostname)) strangers.push(request.url())
  })
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

/**
 * Reads a page again and again until what it reads equals `expected`, since a page changes some time after what was done
 * to it. Fails after a minute as `expect` does, with what was read last.
 * @param expected a value or one of `expect`'s matchers
 */
export async function expectSoon(read: () => Promise<unknown>, expected: unknown): Promise<void> {
  const deadline = performance.now() + SETTLED_WITHIN_MS
  for (;;) {
    try {
      expect(await read()).toEqual(expected)
      return
    } catch (error) {
      if (performance.now() > deadline) throw error
    }
    await wait(LOOK_EVERY_MS)
  }
}

/** Waits until the visible text of an element is `expected`, or matches it. */
export function expectText(element: Locator, expected: string | RegExp): Promise<void> {
  return expectSoon(
    () => element.innerText({ timeout: SETTLED_WITHIN_MS }),
    typeof expected === 'string' ? expected : expect.stringMatching(expected),
  )
}

/** Waits until there are this many such elements. */
export function expectCount(elements: Locator, expected: number): Promise<void> {
  return expectSoon(() => elements.count(), expected)
}

/** What axe-core finds against WCAG 2 A and AA. */
export async function findBarriers(page: Page): Promise<unknown> {
  await page.evaluate(await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'))
  return page.evaluate(
    `axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
      // The details of what passes take a third of the time.
      resultTypes: ['violations'],
    })
    .then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))`,
  )
}
