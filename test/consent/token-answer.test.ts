import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { normalizeTokenAnswer } from '../../src/divar/token-answer.ts'

/** The same moment in seconds and in milliseconds since 1970. */
const NOW_S = 1_760_000_000
const NOW_MS = NOW_S * 1000 + 999

function normalized(answer: unknown): unknown {
  return parse(normalizeTokenAnswer(Buffer.from(JSON.stringify(answer)), NOW_MS))
}

function parse(bytes: Uint8Array): unknown {
  return JSON.parse(Buffer.from(bytes).toString('utf8'))
}

describe('a token answer is normalized to OAuth 2.0', () => {
  test('the current format is unchanged', () => {
    const answer = {
      access_token: 'ory_at_x',
      expires_in: 3600,
      scope: 'USER_PHONE offline_access',
      token_type: 'bearer',
      refresh_token: 'ory_rt_x',
    }
    expect(normalized(answer)).toEqual(answer)
  })

  test('the v1 format gets a token_type and expires_in', () => {
    expect(normalized({ access_token: 'x', expires: NOW_S + 604_799 })).toEqual({
      access_token: 'x',
      token_type: 'bearer',
      expires_in: 604_799,
    })
  })

  test.each([
    ['missing', {}],
    ['null', { token_type: null }],
    ['empty', { token_type: '' }],
    ['not a string', { token_type: 7 }],
  ])('a token_type that is %s is bearer', (_, part) => {
    expect(normalized({ access_token: 'x', ...part })).toEqual({ access_token: 'x', token_type: 'bearer' })
  })

  test('any other token_type is kept', () => {
    expect(normalized({ access_token: 'x', token_type: 'mac' })).toMatchObject({ token_type: 'mac' })
  })

  test.each([
    ['expires_in as a number', { expires_in: 3600 }, 3600],
    ['expires_in as a string', { expires_in: '3600' }, 3600],
    ['expires_in of zero', { expires_in: 0 }, 0],
    ['expires_in below zero', { expires_in: -5 }, 0],
    ['expires_in before expires', { expires_in: 60, expires: NOW_S + 3600 }, 60],
    ['expires where expires_in is unreadable', { expires_in: 'soon', expires: NOW_S + 3600 }, 3600],
    ['expires where expires_in is null', { expires_in: null, expires: NOW_S + 3600 }, 3600],
    ['expires as a unix time', { expires: NOW_S + 3600 }, 3600],
    ['expires as a unix time in a string', { expires: String(NOW_S + 3600) }, 3600],
    ['expires in this second', { expires: NOW_S }, 0],
    ['expires in the past', { expires: NOW_S - 3600 }, 0],
    ['expires of the year 2001', { expires: 1_000_000_000 }, 0],
    ['expires as a duration', { expires: 3600 }, 3600],
    ['expires as a unix time in milliseconds', { expires: NOW_MS + 3_600_000 }, 3600],
    ['expires_in as a unix time', { expires_in: NOW_S + 3600 }, 3600],
    ['expires_in in milliseconds', { expires_in: 604_799_000 }, 604_799],
    ['an unreadable expires_in', { expires_in: 1e300 }, 2_592_000],
    ['expires in a thousand years', { expires: NOW_S + 31_536_000_000 }, 2_592_000],
    ['expires as a duration in a string', { expires: '3600' }, 3600],
  ])('%s', (_, part, expiresIn) => {
    expect(normalized({ access_token: 'x', ...part })).toEqual({
      access_token: 'x',
      token_type: 'bearer',
      expires_in: expiresIn,
    })
  })

  test.each([
    ['missing', {}],
    ['words', { expires_in: 'soon' }],
    ['an empty string', { expires_in: '', expires: '  ' }],
    ['null', { expires: null }],
    ['a list', { expires_in: [3600] }],
    ['infinity in a string', { expires_in: 'Infinity' }],
  ])('a duration that is %s is left out', (_, part) => {
    expect(normalized({ access_token: 'x', ...part })).toEqual({ access_token: 'x', token_type: 'bearer' })
  })

  test.each([
    ['an empty refresh token', { refresh_token: '' }],
    ['a null refresh token', { refresh_token: null }],
    ['a refresh token that is not a string', { refresh_token: 7 }],
    ['an id token', { id_token: 'a.b.c' }],
  ])('%s is left out', (_, part) => {
    expect(normalized({ access_token: 'x', ...part })).toEqual({ access_token: 'x', token_type: 'bearer' })
  })

  test.each([[''], [null], [['USER_PHONE']], [7]])('a present scope is kept unchanged: %j', (scope) => {
    expect(normalized({ access_token: 'x', scope })).toMatchObject({ scope })
  })

  test('other members are kept', () => {
    const more = { token_use: 'x', nested: { a: [1, null, 'سلام'] } }
    expect(normalized({ access_token: 'x', ...more })).toEqual({ access_token: 'x', token_type: 'bearer', ...more })
  })

  test('the last of duplicate keys wins, and __proto__ is an ordinary key', () => {
    const bytes = Buffer.from(
      '{"access_token":"first","expires_in":1,"__proto__":{"refresh_token":"x"},"access_token":"last","expires_in":"2"}',
    )
    expect(Buffer.from(normalizeTokenAnswer(bytes, NOW_MS)).toString()).toBe(
      '{"access_token":"last","__proto__":{"refresh_token":"x"},"token_type":"bearer","expires_in":2}',
    )
  })
})

describe('a body that is not a token answer is unchanged, byte for byte', () => {
  test.each([
    ['empty', ''],
    ['a page', '<html>502</html>'],
    ['broken JSON', '{"access_token":"x"'],
    ['a list', '[{"access_token":"x"}]'],
    ['a text', '"access_token"'],
    ['null', 'null'],
    ['a refusal', '{ "error": "invalid_grant",  "id_token": "x" }'],
    ['a token that is not a string', '{"access_token": 7, "expires": 1}'],
    ['a duplicate token, the last one not a string', '{"access_token":"x","access_token":null}'],
  ])('%s', (_, text) => {
    expect(Buffer.from(normalizeTokenAnswer(Buffer.from(text), NOW_MS)).toString()).toBe(text)
  })

  test('bytes that are not UTF-8', () => {
    const bytes = Buffer.from([0x7b, 0xff, 0xfe, 0x7d])
    expect(normalizeTokenAnswer(bytes, NOW_MS)).toEqual(bytes)
  })

  test('any bytes, without an error', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(Buffer.from(normalizeTokenAnswer(bytes, NOW_MS))).toEqual(Buffer.from(bytes))
      }),
    )
  })
})

describe('for any members beside an access token', () => {
  const anything = fc.jsonValue({ maxDepth: 3 })
  const answer = fc
    .tuple(
      fc.dictionary(fc.oneof(fc.string(), fc.constant('__proto__')), anything),
      fc.record(
        {
          token_type: fc.oneof(anything, fc.string()),
          expires: fc.oneof(anything, fc.integer(), fc.double(), fc.integer().map(String)),
          expires_in: fc.oneof(anything, fc.integer(), fc.double(), fc.integer().map(String)),
          refresh_token: fc.oneof(anything, fc.string()),
          scope: fc.oneof(anything, fc.string()),
          id_token: anything,
        },
        { requiredKeys: [] },
      ),
      fc.string(),
    )
    .map(([others, known, token]) => ({ ...others, ...known, access_token: token }))

  test('the result is JSON with that token, a token_type, and a valid expires_in or none', () => {
    fc.assert(
      fc.property(answer, (any) => {
        const result = normalized(any)
        expect(result).toMatchObject({ access_token: any.access_token, token_type: expect.stringMatching(/./s) })
        expect(result).not.toHaveProperty('id_token')
        expect(result).not.toHaveProperty('expires')
        expect(result).not.toHaveProperty('refresh_token', '')
        expect(result).not.toMatchObject({ expires_in: expect.not.objectContaining({}) })
      }),
      { numRuns: 1000 },
    )
  })

  test('normalizing it again changes nothing', () => {
    fc.assert(
      fc.property(answer, (any) => {
        const once = normalizeTokenAnswer(Buffer.from(JSON.stringify(any)), NOW_MS)
        expect(Buffer.from(normalizeTokenAnswer(once, NOW_MS)).toString()).toBe(Buffer.from(once).toString())
      }),
    )
  })
})
