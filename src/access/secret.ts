import { hash, randomBytes, timingSafeEqual } from 'node:crypto'

/** Drawn anew in each process, so that what stands in memory or passes through a map says nothing about the secret. */
const salt = randomBytes(32)

/** A salt with room behind it: whoever comes is looked at without a new buffer. */
const salted = Buffer.concat([salt, Buffer.alloc(480)])

/** A secret as the gateway keeps it for comparing: a salted SHA-256 of its bytes, 32 bytes whatever the secret's length. */
export function digestSecret(secret: Buffer): Buffer {
  const end = salt.length + secret.length
  if (end > salted.length) return hash('sha256', Buffer.concat([salt, secret]), 'buffer')
  salted.set(secret, salt.length)
  const digest = hash('sha256', salted.subarray(0, end), 'buffer')
  salted.fill(0, salt.length, end)
  return digest
}

/** Compares two digests in constant time; digests have one length, so the secrets' lengths do not show. */
export function sameDigest(presented: Buffer, expected: Buffer): boolean {
  return timingSafeEqual(presented, expected)
}
