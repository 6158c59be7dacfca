import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { parseTemplate } from 'url-template'
import { createLogger } from '../../src/observability/log.ts'
import { templateResolver } from '../../src/resolver/template.ts'

const text = fc.string({ unit: 'grapheme', maxLength: 12 })
const scalar = fc.oneof(text, fc.integer(), fc.double({ noNaN: true }), fc.boolean(), fc.constant(null))
const expression = fc
  .tuple(
    fc.constantFrom('', '/', ';', '?', '&', '.'),
    fc.uniqueArray(fc.constantFrom('side', 'post_token', 'user_id', 'data.a', 'data.b', 'data.ج'), { minLength: 1 }),
  )
  .map(([operator, names]) => `{${operator}${names.join(',')}}`)
const literal = fc.constantFrom('/x', '/a%20b/', '/[c]', '/ی', '?d=e', '-', '&f')

const context = {
  controller: new AbortController(),
  log: createLogger('silent'),
  requestId: 'req_1',
  trace: { traceId: '0', flags: '00' },
}

test('a template expands as RFC 6570 defines, for all of its examples', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(expression, literal), { maxLength: 6 }),
      text,
      text,
      scalar,
      scalar,
      (parts, one, other, a, b) => {
        const template = `https://a.example/x${parts.join('')}`
        const click = {
          id: 'clk_1',
          wire: 'v1',
          postToken: one,
          userId: other,
          side: 'supply',
          data: { a, b, ج: 1 },
        } as const
        const expected = parseTemplate(template).expand({
          side: 'supply',
          post_token: one,
          user_id: other,
          'data.a': a,
          'data.b': b,
          'data.ج': 1,
        })
        const resolve = templateResolver(template, { hasStore: false })
        const landing = () => resolve({ ...click, returnUrl: '', extra: {} }, context)
        // What would climb a folder is refused: of that the library knows nothing.
        if (/(^|\/)(\.|%2e){1,2}($|[/?#])/i.test(expected.slice('https://a.example'.length))) return
        expect(landing()).toEqual({ url: expected })
      },
    ),
    { numRuns: 2000 },
  )
})
