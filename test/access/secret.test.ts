import { createHash } from 'node:crypto'
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { digestSecret } from '../../src/access/authentication.ts'

const bytes = fc.uint8Array({ maxLength: 600 }).map((array) => Buffer.from(array))

test('two secrets are equal if and only if their bytes are equal', () => {
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      expect(digestSecret(a)).toEqual(digestSecret(Buffer.from(a)))
      expect(digestSecret(a).equals(digestSecret(b))).toBe(a.equals(b))
    }),
  )
})

test('the compared digest has the same length for every secret', () => {
  fc.assert(
    fc.property(bytes, (secret) => {
      expect(digestSecret(secret)).toHaveLength(32)
    }),
  )
})

test('the stored digest is not a plain hash of the secret, which could be looked up', () => {
  expect(digestSecret(Buffer.from('key'))).not.toEqual(createHash('sha256').update('key').digest())
})
