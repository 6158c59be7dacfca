import { randomFillSync } from 'node:crypto'

/** Each call to the system's generator, and each encoding, costs more than everything else about an id. */
const SUPPLY_BYTES = 6144

type Encoding = 'hex' | 'base64url'

const bytes = Buffer.alloc(SUPPLY_BYTES)
const supplies = { hex: newSupply(), base64url: newSupply() }

/** Characters that are drawn, and how many of them are given out. */
function newSupply() {
  return { characters: Buffer.alloc(0), used: 0 }
}

/** So many random characters, from a supply that is drawn in advance. None is given out twice. */
export function randomText(length: number, encoding: Encoding): string {
  const supply = supplies[encoding]
  if (supply.used + length > supply.characters.length) {
    supply.characters = Buffer.from(randomFillSync(bytes).toString(encoding), 'latin1')
    supply.used = 0
  }
  const from = supply.used
  supply.used += length
  // Out of a buffer: a part of a string would keep all of it in memory for as long as the id is.
  return supply.characters.toString('latin1', from, supply.used)
}
