import { randomFillSync } from 'node:crypto'

/** 144 bits: unguessable, and 24 characters in base64url. */
const ID_BYTES = 18
/** Random bytes for many ids at once, since a call to the generator is slow. */
const pool = Buffer.alloc(8192)
let used = pool.length

/** An opaque, unguessable id such as `clk_Zm9vYmFyYmF6cXV4MTIzNDU2`. */
export function newId(kind: 'clk' | 'msg' | 'req' | 'evt' | 'dve' | 'gw' | 'cns' | 'grt' | 'sub'): string {
  return `${kind}_${randomText(ID_BYTES, 'base64url')}`
}

/** Random bytes as text; each byte is used once. */
export function randomText(bytes: number, encoding: 'base64url' | 'hex'): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += bytes
  return pool.toString(encoding, used - bytes, used)
}
