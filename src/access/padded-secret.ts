import { timingSafeEqual } from 'node:crypto'
import { digestSecret } from './secret.ts'

/** Room for as long a key as people set; with its length in front, 128 bytes. */
const MAX_PLAIN = 126
const LENGTH_BYTES = 2
/** No length: a longer key stands here by its digest. */
const BY_DIGEST = 0xffff

/**
 * Tells, in one time for all, whether what is presented is this secret: padded to one length, since to compare by digests would cost each click
 * 3 % more of its work. Both stand in memory as they are, as the configuration does.
 */
export type IsSecret = (presented: Presented) => boolean

/** A header as it is compared. Good until the next one is padded. */
export type Presented = { readonly padded: Buffer }

const presented: Presented = { padded: Buffer.alloc(LENGTH_BYTES + MAX_PLAIN) }

/** @param header as Node hands it over, one character for each byte */
export function present(header: string): Presented {
  pad(header, presented.padded)
  return presented
}

export function keepSecret(text: string): IsSecret {
  const kept = Buffer.alloc(LENGTH_BYTES + MAX_PLAIN)
  pad(Buffer.from(text, 'utf8').toString('latin1'), kept)
  return ({ padded }) => timingSafeEqual(padded, kept)
}

function pad(bytes: string, into: Buffer): void {
  const isPlain = bytes.length <= MAX_PLAIN
  into.writeUInt16LE(isPlain ? bytes.length : BY_DIGEST)
  const written = isPlain
    ? into.write(bytes, LENGTH_BYTES, 'latin1')
    : into.write(digestSecret(Buffer.from(bytes, 'latin1')), LENGTH_BYTES, 'latin1')
  into.fill(0, LENGTH_BYTES + written)
}
