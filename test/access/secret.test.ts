import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { isSameSecret } from '../../src/access/authentication.ts'

const bytes = fc.uint8Array({ maxLength: 600 }).map((array) => Buffer.from(array))

test('two secrets are equal if and only if their bytes are equal', () => {
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      expect(isSameSecret(a, Buffer.from(a))).toBe(true)
      expect(isSameSecret(a, b)).toBe(a.equals(b))
    }),
  )
})

test('secrets of one length that differ in one byte are different', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 600 }), fc.nat(), (array, at) => {
      const other = Buffer.from(array)
      const index = at % other.length
      other[index] = (other[index] ?? 0) ^ 1
      expect(isSameSecret(Buffer.from(array), other)).toBe(false)
    }),
  )
})
