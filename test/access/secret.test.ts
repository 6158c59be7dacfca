import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { digestSecret, sameDigest } from '../../src/access/secret.ts'

const bytes = fc.uint8Array({ maxLength: 600 }).map((array) => Buffer.from(array))

test('two secrets are the same when, and only when, their bytes are', () => {
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      expect(sameDigest(digestSecret(a), digestSecret(Buffer.from(a)))).toBe(true)
      expect(sameDigest(digestSecret(a), digestSecret(b))).toBe(a.equals(b))
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
  expect(digestSecret(Buffer.from('key')).toString('hex')).not.toBe(
    '2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683',
  )
})
