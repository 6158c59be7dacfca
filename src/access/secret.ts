import { hash, randomBytes } from 'node:crypto'

/** Drawn anew in each process, so that a digest in memory or in a map says nothing about its secret. */
const salt = randomBytes(16)

/** A secret as the gateway keeps and compares it: a salted SHA-256 of its bytes, of one length whatever the secret's length. */
export function digestSecret(secret: Buffer): Buffer {
  return hash('sha256', Buffer.concat([salt, secret]), 'buffer')
}
