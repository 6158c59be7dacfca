import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { keepSecret, present } from '../../src/access/padded-secret.ts'

/** A header as Node hands it over, one character for each byte. */
const header = (text: string) => Buffer.from(text, 'utf8').toString('latin1')

const texts = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 300 }),
  fc.constantFrom('', 'a', 'a\0', '\0a', 'کلید', 'x'.repeat(126), 'x'.repeat(127), 'x'.repeat(16_000)),
)

test('a secret is told from every other text, whatever was presented before it', () => {
  fc.assert(
    fc.property(texts, texts, (one, other) => {
      const [isOne, isOther] = [keepSecret(one), keepSecret(other)]
      expect(isOne(present(header(one)))).toBe(true)
      expect(isOther(present(header(other)))).toBe(true)
      expect(isOne(present(header(other)))).toBe(one === other)
      expect(isOne(present(header(one)))).toBe(true)
    }),
  )
})

test('what is compared has one length, whatever the length of the secret', () => {
  fc.assert(
    fc.property(texts, (text) => {
      expect(present(header(text)).padded).toHaveLength(128)
    }),
  )
})

test('a long secret is not told by the digest of another one', () => {
  const isLong = keepSecret('x'.repeat(127))
  expect(isLong(present('x'.repeat(128)))).toBe(false)
  expect(isLong(present(`${'x'.repeat(126)}y`))).toBe(false)
})
