import { createHash } from 'node:crypto'
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { digestSecret } from '../../src/access/secret.ts'

const bytes = fc.uint8Array({ maxLength: 600 }).map((array) => Buffer.from(array))

test('two secrets are the same when, and only when, their bytes are', () => {
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      expect(digestSecret(a)).toEqual(digestSecret(Buffer.from(a)))
      expect(digestSecret(a).equals(digestSecret(b))).toBe(a.equals(b))
    }),
  )
})

test('what is compared has one length, whatever the length of the secret', () => {
  fc.assert(
    fc.property(bytes, (secret) => {
      expect(digestSecret(secret)).toHaveLength(32)
    }),
  )
})

test('what is kept is not the plain hash of the secret, which could be looked up', () => {
  expect(digestSecret(Buffer.from('key'))).not.toEqual(createHash('sha256').update('key').digest())
})
