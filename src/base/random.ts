import { randomFillSync } from 'node:crypto'

/** Each call to the system's generator costs more than everything else about an id, whatever the number of bytes. */
const POOL_BYTES = 8192

const pool = Buffer.alloc(POOL_BYTES)
let used = POOL_BYTES

/** So many random bytes as text, from a supply that is drawn in advance. None is given out twice, and none stays behind. */
export function randomText(bytes: number, encoding: 'hex' | 'base64url'): string {
  if (used + bytes > POOL_BYTES) {
    randomFillSync(pool)
    used = 0
  }
  const text = pool.toString(encoding, used, used + bytes)
  pool.fill(0, used, used + bytes)
  used += bytes
  return text
}
