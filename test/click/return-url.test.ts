import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { COMPLETION_URL } from '../../src/click/click.ts'
import { chooseReturnUrl } from '../../src/click/wire-fields.ts'

describe('the return URL leads to Divar or to a simulator on this machine, and nowhere else', () => {
  test.each([
    'https://divar.ir/',
    'https://open-platform-redirect.divar.ir/completion',
    'https://a.b.divar.ir/x?y=1#z',
    'http://127.0.0.1:4000/completion',
    'http://localhost:4000/completion',
  ])('%s is trusted', (url) => {
    expect(chooseReturnUrl(url)).toEqual({ url, replaced: false })
  })

  test.each([
    'http://divar.ir/',
    'http://127.0.0.1.evil.example/',
    'http://localhost.evil.example/',
    'https://evil.example/',
    'https://divar.ir.evil.example/',
    'https://notdivar.ir/',
    'https://divar.ir@evil.example/',
    'https://user:pass@divar.ir/',
    'https://divar.ir:8443/',
    'https://divar.ir\\@evil.example/',
    'https:divar.ir',
    'https:\\\\divar.ir',
    '//divar.ir/',
    'javascript:alert(1)//divar.ir',
    'https://divar.ir/\r\nx: y',
    ' https://divar.ir/',
    'آدرسی که کاربر پس از انجام فرایند',
  ])('%j is replaced', (url) => {
    expect(chooseReturnUrl(url)).toEqual({ url: COMPLETION_URL, replaced: true })
  })

  test('without an offered URL it is the completion page, and nothing is counted as replaced', () => {
    expect(chooseReturnUrl(undefined, null, '')).toEqual({ url: COMPLETION_URL, replaced: false })
  })

  test('the first offered URL is used', () => {
    expect(chooseReturnUrl(null, 'https://divar.ir/a', 'https://divar.ir/b').url).toBe('https://divar.ir/a')
  })

  test('for any offered URL, the host is under divar.ir', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.webUrl(),
          fc.string(),
          fc.string().map((text) => `https://divar.ir${text}`),
        ),
        (offered) => {
          const { protocol, hostname } = new URL(chooseReturnUrl(offered).url)
          if (/^(?:localhost|127\.[\d.]+|\[::1\])$/.test(hostname)) return
          expect(protocol).toBe('https:')
          expect(`.${hostname}`).toMatch(/\.divar\.ir$/)
        },
      ),
    )
  })
})
