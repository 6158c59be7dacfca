import { randomFillSync } from 'node:crypto'

/** 144 bits, beyond guessing; base64url writes them as 24 characters. */
const ID_BYTES = 18
/** Random bytes of 256 ids at once: a call to the generator costs more than the rest of an id. No byte is used twice. */
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
