import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { checkLanding, checkLandingUrl } from '../../src/resolver/resolve.ts'

const policy = { allowedOrigins: new Set(['https://app.example.com']) }

/** Checks an address below an origin that was accepted before, and below one that was not. */
function saysTheSame(rest: string) {
  const url = `https://app.example.com${rest}`
  expect(checkLandingUrl('https://app.example.com/', policy)).toHaveProperty('url')
  expect(checkLandingUrl(url, policy)).toEqual(checkLandingUrl(url, { ...policy }))
}

describe('users are sent to checked addresses only', () => {
  test.each([
    ['https://app.example.com/a?b=c#d', 'https://app.example.com/a?b=c#d'],
    ['https://app.example.com', 'https://app.example.com/'],
    ['HTTPS://APP.EXAMPLE.COM/', 'https://app.example.com/'],
    ['https://app.example.com/سفارش', 'https://app.example.com/%D8%B3%D9%81%D8%A7%D8%B1%D8%B4'],
    ['https://app.example.com/@x', 'https://app.example.com/@x'],
  ])('%s', (url, landed) => {
    expect(checkLandingUrl(url, policy)).toEqual({ url: landed })
  })

  test.each(['http://127.0.0.1:4000/', 'http://localhost/', 'http://[::1]:1/'])(
    'http is accepted to loopback: %s',
    (url) => {
      expect(checkLandingUrl(url, {})).toEqual({ url })
    },
  )

  test.each([
    'http://app.example.com/',
    'http://127.0.0.1.example.com/',
    'http://localhost.example.com/',
    'http://10.0.0.1/',
    'http://169.254.169.254/latest',
    'http://[::ffff:127.0.0.1]/',
    'http://0.0.0.0/',
    'HTTP://app.example.com',
  ])('http to another host is refused, also without allowed origins: %s', (url) => {
    expect(checkLandingUrl(url, {})).toEqual({ refused: 'is http, which is for loopback only' })
  })

  test('an address may have 4096 characters after encoding', () => {
    const fits = `https://app.example.com/${'س'.repeat((4096 - 24) / 6)}`
    expect(checkLandingUrl(fits, {})).toEqual({ url: expect.stringMatching(/^.{4092}$/) })
    expect(checkLandingUrl(`${fits}xxxx`, {})).toEqual({ url: expect.stringMatching(/^.{4096}$/) })
    for (const long of [`${fits}xxxxx`, `${fits}س`, `https://app.example.com/?${'é'.repeat(1000)}`]) {
      expect(long.length).toBeLessThan(2000)
      expect(checkLandingUrl(long, {})).toEqual({ refused: 'is longer than 4096 characters' })
      expect(() => checkLanding({ url: 'https://app.example.com/', onDenied: long }, {})).toThrow(
        "the Landing's onDenied is longer than 4096 characters",
      )
    }
  })

  test.each([
    'http://app.example.com/',
    'http://127.0.0.1.evil.example/',
    'https://evil.example/',
    'https://app.example.com.evil.example/',
    'https://app.example.com:8443/',
    'https://app.example.com@evil.example/',
    'https://user@app.example.com/',
    'https://:@app.example.com/',
    'https://app.example.com\\@evil.example/',
    'https:\\\\app.example.com/',
    'https:/app.example.com/',
    'https:app.example.com/',
    '//app.example.com/',
    '/path',
    'javascript:alert(1)',
    'data:text/html,x',
    'intent://app.example.com/',
    ' https://app.example.com/',
    'https://app.example.com/ x',
    'https://app.example.com/\r\nset-cookie: a=b',
    'https://app.example.com/\tx',
    'https://app.example.com/\u0000',
    'https://app.example.com/\u0085',
    'https://app.example.com/\u2028',
    'https://',
    '',
    `https://app.example.com/${'x'.repeat(4096)}`,
  ])('%j is refused', (url) => {
    expect(checkLandingUrl(url, policy)).toEqual({ refused: expect.stringMatching(/^is /) })
  })

  test('for any landing of a resolver, the origin is an allowed one', () => {
    const urls = fc.oneof(
      fc.webUrl(),
      fc.string(),
      fc.string().map((text) => `https://app.example.com${text}`),
    )
    fc.assert(
      fc.property(urls, (url) => {
        const checked = checkLandingUrl(url, policy)
        if ('url' in checked) expect(new URL(checked.url).origin).toBe('https://app.example.com')
      }),
    )
  })

  test.each([
    ..."/a/b.c?d=e /../a /a/../b /./a /a/. /a/.. /%2e/a /a//b /.well-known /?' /?é /?% /a?b?c /a#b".split(' '),
    ...',?a,#a,.evil.example/,:8443/,@evil.example/,\\a'.split(','),
    `/${'x'.repeat(4072)}`,
    `/${'x'.repeat(4073)}`,
  ])('an origin that was accepted before does not affect the check of one with %j', saysTheSame)

  test('nor of any other address below it', () => {
    const plain =
      'a Z9 / // . .. /. %2e %2E%2e %41 % ? # & = + ; : @ \\ * ! | ~ _ - { " < \' س é :8443 .evil.example'.split(' ')
    const pieces = fc.constantFrom(...plain, ' ', '\t', '\u200c', 'x'.repeat(2040))
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => {
        saysTheSame(`/${parts.join('')}`)
      }),
      { numRuns: 5000 },
    )
  })

  test('onDenied is checked like url, in either spelling', () => {
    const url = 'https://app.example.com/'
    expect(checkLanding({ url, on_denied: `${url}no` }, policy)).toEqual({ landing: { url, onDenied: `${url}no` } })
    expect(checkLanding({ url, onDenied: `${url}no` }, policy)).toEqual({ landing: { url, onDenied: `${url}no` } })
    expect(() => checkLanding({ url, onDenied: 'https://evil.example/' }, policy)).toThrow("the Landing's onDenied")
  })

  test.each([
    ['scopes that are no list', { scopes: 'chat' }],
    ['an empty scope', { scopes: [''] }],
    ['more than 20 scopes', { scopes: Array.from({ length: 21 }, () => 'chat') }],
    ['a number as onDenied', { onDenied: 7 }],
  ])('a Landing with %s is refused', (_, part) => {
    expect(() => checkLanding({ url: 'https://app.example.com/', ...part }, policy)).toThrow('answered no Landing')
  })

  test.each<[string, unknown, object]>([
    ['a number is dropped', 200, { messageChange: 'dropped' }],
    ['an object is dropped', {}, { messageChange: 'dropped' }],
    ['an empty string is dropped', '', { messageChange: 'dropped' }],
    ['NUL is dropped', 'a\0b', { messageChange: 'dropped' }],
    ['half of a surrogate pair is dropped', 'a\ud83d', { messageChange: 'dropped' }],
    ['null counts as absent', null, {}],
    ['200 letters are kept', 'x'.repeat(200), { landing: { message: 'x'.repeat(200) } }],
    [
      '201 letters are shortened',
      'x'.repeat(201),
      { landing: { message: 'x'.repeat(200) }, messageChange: 'shortened' },
    ],
    [
      'a pair of surrogates is not cut in half',
      `${'x'.repeat(199)}😀`,
      { landing: { message: 'x'.repeat(199) }, messageChange: 'shortened' },
    ],
    ['a pair that fits is kept', `${'x'.repeat(198)}😀y`, { landing: { message: `${'x'.repeat(198)}😀` } }],
  ])('an invalid message does not fail the landing: %s', (_, message, expected) => {
    const url = 'https://app.example.com/'
    const { landing, ...change } = checkLanding({ url, message }, policy)
    expect({ landing, ...change }).toMatchObject(expected)
    expect(landing.url).toBe(url)
    if (!('landing' in expected)) expect({ landing, ...change }).toEqual({ landing: { url }, ...expected })
  })
})
