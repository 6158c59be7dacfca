import { randomFillSync } from 'node:crypto'

/** A part of a string keeps all of it in memory: an id that is kept holds a page, of 256 or 384 characters, which it shares with 9 to 23 others. */
const PAGE_BYTES = 192
/** Each call to the system's generator costs more than everything else about an id. */
const SUPPLY_BYTES = 32 * PAGE_BYTES

type Encoding = 'hex' | 'base64url'

const supply = Buffer.alloc(SUPPLY_BYTES)
let drawn = SUPPLY_BYTES
/** Characters, and how many of them are given out. */
const pages = { hex: { text: '', used: 0 }, base64url: { text: '', used: 0 } }

/** So many random characters, a page of them at most, from a supply that is drawn in advance. No byte of it is given out twice. */
export function randomText(length: number, encoding: Encoding): string {
  const page = pages[encoding]
  if (page.used + length > page.text.length) {
    page.text = drawPage(encoding)
    page.used = 0
    if (length > page.text.length) throw new RangeError(`a page holds no ${length} characters`)
  }
  const from = page.used
  page.used += length
  return page.text.slice(from, page.used)
}

function drawPage(encoding: Encoding): string {
  if (drawn === SUPPLY_BYTES) {
    randomFillSync(supply)
    drawn = 0
  }
  const from = drawn
  drawn += PAGE_BYTES
  return supply.toString(encoding, from, drawn)
}
