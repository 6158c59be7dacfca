import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from '@jest/globals'
import supertest from 'supertest'
import { faultStatus } from '../../src/base/fault.ts'
import { CHROMIUM, findBarriers, openTab } from '../support/browser.ts'
import { KEYS, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { problemOf } from '../support/messages.ts'
import { readDocument } from '../support/reference.ts'
import { send } from '../support/requests.ts'

const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')
const CODES = Object.keys(faultStatus)

let gateway: TestGateway
let url: string
beforeAll(async () => {
  gateway = await startTestGateway({ INTERNAL_PORT: '0' })
  url = `${gateway.internalUrl}/docs`
})

const pageIn = async (language: string) =>
  (await supertest(gateway.internalUrl).get(`/docs?lang=${language}`).expect(200)).text
const matchesOf = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, found = '']) => found)

describe('GET /docs', () => {
  test('needs a key on a shared port, needs none on an internal port, and is absent from the public port', async () => {
    const shared = await startTestGateway()
    await supertest(shared.url).get('/docs').expect(401)
    await supertest(shared.url).get('/docs').set('x-api-key', KEYS.caller).expect(200)
    await supertest(gateway.internalUrl).post('/docs').expect(405)
    await supertest(gateway.url).get('/docs').expect(404)
  })

  test.each([
    ['fa-IR,fa;q=0.9,en;q=0.5', '/docs', 'fa'],
    ['en-GB', '/docs', 'en'],
    ['de', '/docs', 'en'],
    [undefined, '/docs', 'en'],
    ['en', '/docs?lang=fa', 'fa'],
    ['fa', '/docs?lang=en', 'en'],
    ['fa', '/docs?lang=xx', 'fa'],
  ])('to Accept-Language %s at %s answers in %s', async (accepted, path, language) => {
    const question = supertest(gateway.internalUrl).get(path)
    const { headers, text } = await (accepted === undefined ? question : question.set('accept-language', accepted))
    expect([headers['content-language'], headers['vary']]).toEqual([language, 'Accept-Language'])
    expect(text).toContain(`<html lang="${language}" dir="${language === 'fa' ? 'rtl' : 'ltr'}">`)
  })

  test('allows no scripts and no requests to other hosts', async () => {
    const { headers, text } = await supertest(gateway.internalUrl).get('/docs')
    expect(headers['content-security-policy']).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/]{43}='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
    )
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' })
    expect(text).not.toMatch(/<script|<link|<img|<iframe| style=| on\w+=|@import|url\(/)
  })

  test('HEAD has the same headers and no body', async () => {
    const { headers, text } = await supertest(gateway.internalUrl).head('/docs').expect(200)
    expect([headers['content-type'], Boolean(text)]).toEqual(['text/html; charset=utf-8', false])
  })
})

describe.each(['en', 'fa'])('the page in %s', (language) => {
  test('has a section for every code, at the address in the type of a problem', async () => {
    const ids = matchesOf(await pageIn(language), /<h4 id="([^"]+)"/g)
    expect(ids).toEqual(expect.arrayContaining(CODES))
    const { type } = problemOf(await send(gateway, {}))
    expect(new URL(type, gateway.internalUrl).pathname).toBe('/docs')
    expect(ids).toContain(type.split('#')[1])
  })

  test('has every route and webhook, no broken link, and each id once', async () => {
    const page = await pageIn(language)
    const ids = matchesOf(page, / id="([^"]+)"/g)
    const { paths, webhooks } = await readDocument()
    const operations = Object.values({ ...paths, ...webhooks }).flatMap((methods) => Object.values(methods))
    expect(ids).toEqual(expect.arrayContaining(operations.map(({ operationId }) => operationId)))
    expect(new Set(ids).size).toBe(ids.length)
    const targets = new Set(matchesOf(page, / href="([^"]+)"/g).map((target) => target.replace(/^#/, '')))
    const inner = [...targets].filter((target) => !/^(?:https:\/\/|\/docs\?)/.test(target))
    expect(inner.filter((target) => !ids.includes(target))).toEqual([])
  })
})

describe('the sources of the page', () => {
  test('docs/fa/failures.md has the codes of docs/failures.md, in their order and with their statuses', () => {
    const sections = (name: string) => matchesOf(read(name), /^### (\w+\n\n\*\*\d{3})/gm)
    expect(sections('docs/fa/failures.md')).toEqual(sections('docs/failures.md'))
    expect(sections('docs/failures.md')).toHaveLength(CODES.length)
  })

  test('the commands of docs/api.md in both languages are those of the README, which a test runs', () => {
    const blocks = (name: string) => matchesOf(read(name), /```sh\n(.*?)```/gs)
    expect(blocks('docs/api.md').length).toBeGreaterThan(0)
    expect(blocks('docs/fa/api.md')).toEqual(blocks('docs/api.md'))
    expect(blocks('README.md')).toEqual(expect.arrayContaining(blocks('docs/api.md')))
  })
})

const inBrowser = CHROMIUM === undefined ? describe.skip : describe

inBrowser('everybody can read it', () => {
  test.each([
    ['fa-IR', 'light', 1280],
    ['en-GB', 'dark', 1280],
    ['fa-IR', 'dark', 360],
    ['en-GB', 'light', 360],
  ] as const)(
    '%s, %s, %i px: no WCAG 2 A or AA violation, no sideways scrolling, no request to another host',
    async (locale, colorScheme, width) => {
      const { page, strangers, complaints } = await openTab(url, { locale, colorScheme, width })
      expect(await page.locator('html').getAttribute('lang')).toBe(locale.slice(0, 2))
      // The policy let the style in.
      expect(await page.evaluate('getComputedStyle(document.querySelector("header")).display')).toBe('flex')
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
      expect([strangers, complaints]).toEqual([[], []])
      // axe is a script, and scripts may not run here.
      const { page: copy } = await openTab('about:blank', { locale, colorScheme, width })
      await copy.setContent(await page.content())
      expect(await findBarriers(copy)).toEqual([])
    },
  )

  test('the type of a problem links to the section of its code', async () => {
    const { page } = await openTab(`${url}#queue_full`)
    const top: unknown = await page.evaluate('document.getElementById("queue_full").getBoundingClientRect().top')
    expect(Math.abs(Number(top))).toBeLessThan(100)
  })

  test('the skip link and the language switch work with the keyboard alone', async () => {
    const { page } = await openTab(url)
    await page.keyboard.press('Tab')
    expect(await page.locator('.skip:focus').isVisible()).toBe(true)
    await page.keyboard.press('Enter')
    expect(await page.locator('main:focus').count()).toBe(1)
    await page.keyboard.press('Shift+Tab')
    for (let count = 0; count < 200 && (await page.locator('[hreflang]:focus').count()) === 0; count++) {
      await page.keyboard.press('Shift+Tab')
    }
    await page.keyboard.press('Enter')
    await page.locator('html[lang="en"]').waitFor()
  })
})
