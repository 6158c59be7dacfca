import { randomText } from './random.ts'

/** 144 bits: nobody guesses one. */
const CHARACTERS = 24

/** An opaque, unguessable id such as `clk_Zm9vYmFyYmF6cXV4MTIzNDU2`. */
export function newId(kind: 'clk' | 'msg' | 'req' | 'evt' | 'gw' | 'cns' | 'grt'): string {
  return `${kind}_${randomText(CHARACTERS, 'base64url')}`
}
