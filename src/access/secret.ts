import { hash, randomBytes, timingSafeEqual } from 'node:crypto'

/** Drawn anew in each process, so that what stands in memory or passes through a map says nothing about the secret. */
const salt = randomBytes(32)

/** A secret as the gateway keeps it for comparing: a salted SHA-256 of its bytes, 32 bytes whatever the secret's length. */
export function digestSecret(secret: Buffer): Buffer {
  return hash('sha256', Buffer.concat([salt, secret]), 'buffer')
}

/** Compares two digests in constant time; digests have one length, so the secrets' lengths do not show. */
export function sameDigest(presented: Buffer, expected: Buffer): boolean {
  return timingSafeEqual(presented, expected)
}
