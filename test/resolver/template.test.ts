import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import * as z from 'zod'
import type { Click } from '../../src/click/click.ts'
import { createLogger } from '../../src/observability/log.ts'
import { ResolverSetupError } from '../../src/resolver/resolver.ts'
import { templateResolver } from '../../src/resolver/template.ts'

const click: Click = {
  id: 'clk_1',
  wire: 'v1',
  postToken: 'p/1',
  userId: 'u 1',
  side: 'supply',
  data: { order_id: 'A&1', count: 3, urgent: true, nested: { a: 1 }, list: [1], none: null, 'with-dash': 'd' },
  location: { latitude: 35.5, longitude: -51.25 },
  returnUrl: 'https://divar.ir/',
  extra: { hidden: 'x' },
}
const context = {
  controller: new AbortController(),
  log: createLogger('silent'),
  requestId: 'req_1',
  trace: { traceId: '0', flags: '00' },
}
const expand = (template: string, from: Click = click) => templateResolver(template, { hasStore: false })(from, context)

describe('a template', () => {
  test.each([
    ['https://a.example{/post_token}', 'https://a.example/p%2F1'],
    ['https://a.example/x{/post_token,side}', 'https://a.example/x/p%2F1/supply'],
    ['https://a.example/{user_id}', 'https://a.example/u%201'],
    ['https://a.example?fixed=1{&data.order_id}', 'https://a.example?fixed=1&data.order_id=A%261'],
    ['https://a.example{?data.count,data.urgent}', 'https://a.example?data.count=3&data.urgent=true'],
    ['https://a.example{?data.with-dash}', 'https://a.example?data.with-dash=d'],
    ['https://a.example{?latitude,longitude}', 'https://a.example?latitude=35.5&longitude=-51.25'],
    ['https://a.example{?wire,return_url}', 'https://a.example?wire=v1&return_url=https%3A%2F%2Fdivar.ir%2F'],
    ['https://a.example/x{;side}', 'https://a.example/x;side=supply'],
    ['https://a.example/#at', 'https://a.example/#at'],
    ['http://127.0.0.1:4000/x{?side}', 'http://127.0.0.1:4000/x?side=supply'],
  ])('%s', (template, url) => {
    expect(expand(template)).toEqual({ url })
  })

  test.each(['data.nested', 'data.list', 'data.none', 'data.absent', 'peer_id', 'conversation_id'])(
    '{?%s} is omitted if the click has no such scalar',
    (name) => {
      expect(expand(`https://a.example{?${name}}`)).toEqual({ url: 'https://a.example' })
    },
  )

  test.each([
    ['{?click_id}', 'click_id needs a store, and there is none'],
    ['{?id}', 'id needs a store, and there is none'],
    ['{?order_id}', '{?order_id}: did you mean data.order_id? expected wire, source, post_token'],
    ['{?postToken}', '{?postToken}: did you mean post_token?'],
    ['{?post_tokn}', '{?post_tokn}: did you mean post_token?'],
    ['{?clickId}', '{?clickId}: did you mean click_id?'],
    ['{?order id}', '{?order id}: expected wire, source, post_token'],
    ['{?extra.hidden}', 'did you mean data.extra.hidden? expected wire, source, post_token'],
    ['{+side}', 'the operator + is not supported'],
    ['{#side}', 'the operator # is not supported'],
    ['{?side*}', 'without * or :length'],
    ['{?side:3}', 'without * or :length'],
    ['{}', 'expected wire'],
    ['{?side', 'expected every { to have its }'],
    ['side}', 'expected every { to have its }'],
  ])('stops the start with %s', (expression, reason) => {
    expect(() => templateResolver(`https://a.example/${expression}`, { hasStore: false })).toThrow(reason)
  })

  test.each([
    '{side}',
    'https://{side}.example/',
    'https://a.example{side}',
    'https://a.example{.side}',
    'https://a.example{;side}',
    'https://a.example{&side}',
    '//a.example/{side}',
    '/only/a/path',
    'javascript:{side}',
    'ftp://a.example/',
  ])('whose origin is not fixed stops the start: %s', (template) => {
    expect(() => templateResolver(template, { hasStore: false })).toThrow('origin')
  })

  test.each(['.', '..'])('a value of %j cannot leave the path', (value) => {
    const climbing = { ...click, data: { x: value } }
    expect(() => expand('https://a.example/a/{data.x}/b', climbing)).toThrow('would have changed the path')
    expect(expand('https://a.example/a{?data.x}', climbing)).toEqual({ url: `https://a.example/a?data.x=${value}` })
  })

  test('for any values, origin and path stay the same, or the click fails', () => {
    const template = 'https://a.example/a/{data.x}{data.y}/b{?data.x}'
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.oneof(fc.string(), fc.constantFrom('.', '..', '/', '\\')),
        (x, y) => {
          let landing: unknown
          try {
            landing = expand(template, { ...click, data: { x, y } })
          } catch (error) {
            expect(String(error)).toContain('would have changed')
            return
          }
          expect(JSON.stringify(landing)).toMatch(/^\{"url":"https:\/\/a\.example\/a\/[^/?#]*\/b(?:\?|")/)
        },
      ),
    )
  })

  test('an origin in a non-Latin script is accepted', () => {
    expect(expand('https://مثال.example/a/{side}{?post_token}', click)).toEqual({
      url: `https://${encodeURIComponent('مثال')}.example/a/supply?post_token=p%2F1`,
    })
  })

  test('for any template and any absent values, the origin and a path without variables stay the same, or the click fails', () => {
    const value = fc.oneof(
      fc.constantFrom('.evil.example', '..', '.', '@evil.example', ':1', '/evil', '\\evil', '?', '#', ''),
      fc.string(),
    )
    const piece = fc.oneof(
      fc
        .tuple(
          fc.constantFrom('', '/', '?', '&', ';', '.'),
          fc.subarray(['data.x', 'data.y', 'data.z'], { minLength: 1 }),
        )
        .map(([operator, names]) => `{${operator}${names.join(',')}}`),
      fc.constantFrom('/a', '/b/c', '?q=1', '#part', '.evil.example', '@evil.example', ':1', '-', '/..'),
    )
    let expanded = 0
    fc.assert(
      fc.property(
        fc.array(piece, { minLength: 1, maxLength: 5 }),
        fc.dictionary(fc.constantFrom('x', 'y', 'z'), value),
        (pieces, data) => {
          const template = `https://a.example${pieces.join('')}`
          let resolver
          try {
            resolver = templateResolver(template, { hasStore: false })
          } catch (error) {
            expect(error).toBeInstanceOf(ResolverSetupError)
            return
          }
          const url = urlOf(() => resolver({ ...click, data }, context))
          if (url === undefined) return
          expanded += 1
          const { origin, pathname } = new URL(url)
          const [literalOrigin = ''] = /^https:\/\/[^/?#{]+/.exec(template) ?? []
          expect(origin).toBe(new URL(literalOrigin).origin)
          const [literal = ''] = template.split('{', 1)
          if (/[?#]/.test(literal)) expect(pathname).toBe(new URL(literal).pathname)
        },
      ),
      { numRuns: 2000 },
    )
    expect(expanded).toBeGreaterThan(100)
  })
})

/** `undefined` when the click fails, as it may. */
function urlOf(resolve: () => unknown): string | undefined {
  try {
    return z.object({ url: z.string() }).parse(resolve()).url
  } catch (error) {
    expect(String(error)).toContain('would have changed')
    return undefined
  }
}
