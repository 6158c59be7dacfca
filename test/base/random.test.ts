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
