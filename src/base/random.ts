import { randomFillSync } from 'node:crypto'

/** Each call to the system's generator costs more than everything else about an id. */
const SUPPLY_BYTES = 6144
/** A part of a string keeps all of it in memory for as long as an id is kept: ten ids share one, of 256 to 384 characters. */
const PAGE_BYTES = 192

type Encoding = 'hex' | 'base64url'

const supply = Buffer.alloc(SUPPLY_BYTES)
let drawn = SUPPLY_BYTES
/** Characters, and how many of them are given out. */
const pages = { hex: { text: '', used: 0 }, base64url: { text: '', used: 0 } }

/** So many random characters, from a supply that is drawn in advance. None is given out twice. */
export function randomText(length: number, encoding: Encoding): string {
  const page = pages[encoding]
  if (page.used + length > page.text.length) {
    page.text = drawPage(encoding)
    page.used = 0
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
