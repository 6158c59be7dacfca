import { randomFillSync } from 'node:crypto'

/** 144 bits: unguessable, and 24 characters in base64url. */
const ID_BYTES = 18
/** Random bytes for 256 ids at once, since a call to the generator is slow. */
const pool = Buffer.alloc(256 * ID_BYTES)
let used = pool.length

/** An opaque, unguessable id such as `clk_Zm9vYmFyYmF6cXV4MTIzNDU2`. */
export function newId(kind: 'clk' | 'msg' | 'req' | 'evt' | 'gw' | 'cns' | 'grt'): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += ID_BYTES
  return `${kind}_${pool.toString('base64url', used - ID_BYTES, used)}`
}
