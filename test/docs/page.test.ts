import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from '@jest/globals'
import supertest from 'supertest'
import { faultStatus } from '../../src/base/fault.ts'
import { KEYS, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { problemOf } from '../support/messages.ts'
import { addressesOf, matchesOf, PAGES } from '../support/docs-pages.ts'
import { readDocument } from '../support/reference.ts'
import { send } from '../support/requests.ts'

const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')
const CODES = Object.keys(faultStatus)

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway({ INTERNAL_PORT: '0' })
})

const pageAt = async (path: string) => (await supertest(gateway.internalUrl).get(path).expect(200)).text
const idsOf = (page: string) => matchesOf(page, / id="([^"]+)"/g)

describe('GET /docs', () => {
  test('and all below it need a key on a shared port, need none on an internal port, and are absent from the public port', async () => {
    const shared = await startTestGateway()
    for (const path of ['/docs', '/docs/messages', '/docs/assets/docs.css']) {
      await supertest(shared.url).get(path).expect(401)
      await supertest(shared.url).get(path).set('x-api-key', KEYS.caller).expect(200)
      await supertest(gateway.internalUrl).get(path).expect(200)
      await supertest(gateway.internalUrl).post(path).expect(405)
      await supertest(gateway.url).get(path).expect(404)
    }
  })

  test.each([
    ['fa-IR,fa;q=0.9,en;q=0.5', '/docs', 'fa'],
    ['en-GB', '/docs/errors', 'en'],
    ['de', '/docs', 'en'],
    [undefined, '/docs', 'en'],
    ['en', '/docs/messages?lang=fa', 'fa'],
    ['fa', '/docs?lang=en', 'en'],
    ['fa', '/docs?lang=xx', 'fa'],
  ])('to Accept-Language %s at %s answers in %s', async (accepted, path, language) => {
    const question = supertest(gateway.internalUrl).get(path)
    const { headers, text } = await (accepted === undefined ? question : question.set('accept-language', accepted))
    expect([headers['content-language'], headers['vary']]).toEqual([language, 'Accept-Language'])
    expect(text).toContain(`<html lang="${language}" dir="${language === 'fa' ? 'rtl' : 'ltr'}"`)
  })

  test('allows only scripts, styles and requests of this gateway, and none that are written into the page', async () => {
    const { headers, text } = await supertest(gateway.internalUrl).get('/docs/messages')
    expect(headers['content-security-policy']).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    )
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' })
    expect(text).not.toMatch(/<style|<img|<iframe| style=| on\w+=/)
    const loaded = matchesOf(text, /<(?:script|link)[^>]* (?:src|href)="([^"]+)"/g)
    expect(loaded.filter((address) => !address.startsWith('/docs/assets/'))).toEqual(['data:,'])
  })

  test('HEAD has the same headers and no body', async () => {
    const { headers, text } = await supertest(gateway.internalUrl).head('/docs').expect(200)
    expect([headers['content-type'], Boolean(text)]).toEqual(['text/html; charset=utf-8', false])
  })

  test.each(['/docs/nothing', '/docs/', '/docs/constructor', '/docs/assets/__proto__', '/docs/assets/..%2fmain.ts'])(
    '%s is a 404: only the pages and files that the build wrote are served',
    async (path) => {
      expect(problemOf(await supertest(gateway.internalUrl).get(path))).toMatchObject({
        status: 404,
        code: 'not_found',
      })
    },
  )

  test('any path below it is counted under the name of its route', async () => {
    await supertest(gateway.internalUrl).get('/docs/an-unlikely-name')
    const { text } = await supertest(gateway.internalUrl).get('/metrics')
    expect(text).toContain('route="/docs/:page"')
    expect(text).not.toContain('an-unlikely-name')
  })
})

describe.each(['en', 'fa'])('the pages in %s', (language) => {
  test('have a section for every code, which the address in the type of a problem leads to', async () => {
    expect(idsOf(await pageAt(`/docs/errors?lang=${language}`))).toEqual(expect.arrayContaining(CODES))
    const start = await pageAt(`/docs?lang=${language}`)
    expect(idsOf(start)).toEqual(expect.arrayContaining(CODES))
    for (const code of CODES) expect(start).toContain(`"/docs/errors?lang=${language}#${code}"`)
    const { type } = problemOf(await send(gateway, {}))
    expect([new URL(type, gateway.internalUrl).pathname, CODES.includes(type.split('#')[1] ?? '')]).toEqual([
      '/docs',
      true,
    ])
  })

  test('have every route and webhook, no broken link, and each id once a page', async () => {
    const pages = new Map<string, string[]>()
    const targets = new Set<string>()
    for (const address of addressesOf(language)) {
      const page = await pageAt(address)
      const ids = idsOf(page)
      expect([address, new Set(ids).size]).toEqual([address, ids.length])
      pages.set(address, ids)
      for (const href of matchesOf(page, /<a [^>]*href="([^"]+)"/g)) {
        targets.add(href.startsWith('#') ? `${address}${href}` : href)
      }
    }
    const { paths, webhooks } = await readDocument()
    const operations = Object.values({ ...paths, ...webhooks }).flatMap((methods) => Object.values(methods))
    const names = operations.map(({ operationId }) => operationId)
    const start = pages.get(`/docs?lang=${language}`)
    expect(start).toEqual(expect.arrayContaining(names))
    const others = [...pages.values()].filter((ids) => ids !== start).flat()
    expect(others).toEqual(expect.arrayContaining(names))
    const inner = [...targets].filter((target) => target.startsWith(`/docs`) && target.includes(`lang=${language}`))
    const broken = inner.filter((target) => {
      const [address = '', id] = target.split('#')
      const ids = pages.get(address)
      return ids === undefined || (id !== undefined && !ids.includes(id))
    })
    expect([inner.length > 200, broken]).toEqual([true, []])
  })

  test('are linked with the same page in the other language', async () => {
    for (const name of PAGES) {
      const other = addressesOf(language === 'en' ? 'fa' : 'en').find((address) => address.startsWith(`/docs${name}?`))
      expect(await pageAt(`/docs${name}?lang=${language}`)).toContain(`href="${other ?? ''}"`)
    }
  })
})

describe('the sources of the pages', () => {
  test('docs/fa/failures.md has the codes of docs/failures.md, in their order and with their statuses', () => {
    const sections = (name: string) => matchesOf(read(name), /^### (\w+\n\n\*\*\d{3})/gm)
    expect(sections('docs/fa/failures.md')).toEqual(sections('docs/failures.md'))
    expect(sections('docs/failures.md')).toHaveLength(CODES.length)
  })
})
