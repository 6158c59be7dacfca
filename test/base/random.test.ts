import { expect, test } from '@jest/globals'
import { randomText } from '../../src/base/random.ts'

test.each([
  ['base64url', 24, /^[\w-]{24}$/],
  ['hex', 32, /^[0-9a-f]{32}$/],
  ['hex', 16, /^[0-9a-f]{16}$/],
] as const)(
  'ids of %s and %d characters are whole, differ, and use every character alike',
  (encoding, length, form) => {
    const ids = Array.from({ length: 20_000 }, () => randomText(length, encoding))
    for (const id of ids) expect(id).toMatch(form)
    expect(new Set(ids).size).toBe(ids.length)
    const counts = new Map<string, number>()
    for (const character of ids.join('')) counts.set(character, (counts.get(character) ?? 0) + 1)
    const expected = (ids.length * length) / (encoding === 'hex' ? 16 : 64)
    expect(counts.size).toBe(encoding === 'hex' ? 16 : 64)
    for (const count of counts.values()) expect(Math.abs(count / expected - 1)).toBeLessThan(0.1)
  },
)

test('the bytes of an id in one encoding are in none of the other: one of them is no secret', () => {
  const pairs = Array.from({ length: 2000 }, () => ({
    shown: randomText(32, 'hex'),
    secret: randomText(24, 'base64url'),
  }))
  const shown = pairs.map((pair) => pair.shown).join('')
  for (const { secret } of pairs) {
    const hex = Buffer.from(secret, 'base64url').toString('hex')
    expect(shown).not.toContain(hex.slice(0, 12))
  }
})

test('an id longer than a page is none', () => {
  expect(() => randomText(400, 'hex')).toThrow(RangeError)
})
