import { hash, randomBytes } from 'node:crypto'

/**
 * Drawn anew in each process, so that what stands in memory or passes through a map says nothing about the secret. 16 bytes, so that with a key
 * of up to 39 characters it fits into one block of SHA-256.
 */
const salt = randomBytes(16)

/** A salt with room behind it: whoever comes is looked at without a new buffer. */
const salted = Buffer.concat([salt, Buffer.alloc(496)])

/** A secret as the gateway keeps it for comparing: a salted SHA-256 of its bytes, 44 characters of base64 whatever the secret's length. */
export function digestSecret(secret: Buffer): string {
  const end = salt.length + secret.length
  if (end > salted.length) return hash('sha256', Buffer.concat([salt, secret]), 'base64')
  salted.set(secret, salt.length)
  const digest = hash('sha256', salted.subarray(0, end), 'base64')
  salted.fill(0, salt.length, end)
  return digest
}
