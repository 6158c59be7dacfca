import { hash, randomBytes } from 'node:crypto'

/** Random per process, so that a digest in memory cannot be looked up. */
const salt = randomBytes(16)

/** Salted SHA-256 of a secret: comparisons take the same time for secrets of any length. */
export function digestSecret(secret: Buffer): Buffer {
  return hash('sha256', Buffer.concat([salt, secret]), 'buffer')
}
