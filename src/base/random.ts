import { randomFillSync } from 'node:crypto'

/** Each call to the system's generator, and each turning of bytes into text, costs more than everything else about an id. */
const SUPPLY_BYTES = 6144

type Encoding = 'hex' | 'base64url'

const bytes = Buffer.alloc(SUPPLY_BYTES)
const supplies = { hex: { text: '', used: 0 }, base64url: { text: '', used: 0 } }

/** So many random characters, from a supply that is drawn in advance. None is given out twice. */
export function randomText(characters: number, encoding: Encoding): string {
  const supply = supplies[encoding]
  if (supply.used + characters > supply.text.length) {
    supply.text = randomFillSync(bytes).toString(encoding)
    supply.used = 0
  }
  const from = supply.used
  supply.used += characters
  return supply.text.slice(from, supply.used)
}
