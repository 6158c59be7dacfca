import { timingSafeEqual } from 'node:crypto'
import type { RequestHandler } from 'express'
import type { AddressRanges } from '../base/address.ts'
import { Fault } from '../base/fault.ts'
import { clientAddress } from './client-address.ts'
import { digestSecret } from './secret.ts'
import type { CountWrongKey } from './wrong-keys.ts'

export type DivarKeys = {
  /** The identification key and, while keys rotate, the next one. */
  keys: readonly [string, ...string[]]
  countWrongKey: CountWrongKey
  /** The addresses that Divar calls from; by default any. */
  sources?: AddressRanges | undefined
}

/**
 * Middleware that authenticates Divar: the raw `Authorization` header must be one of the keys, and the request must come from `sources`. A right key from
 * a wrong address gets the same answer as a wrong key, so that the answer does not confirm a key.
 *
 * The key is free text from the developer panel: it may contain blanks, begin with `Bearer ` or be Persian. Therefore trimmed bytes are compared.
 * @throws Fault `identification_refused` or `too_many_wrong_keys`
 */
export function requireDivar({ keys, countWrongKey, sources }: DivarKeys): RequestHandler {
  const digests = keys.map((key) => digestSecret(Buffer.from(trimBlanks(key), 'utf8')))
  return (request, _response, next) => {
    // Node decodes headers as latin1: one character for each byte.
    const presented = digestSecret(Buffer.from(trimBlanks(request.headers.authorization ?? ''), 'latin1'))
    let known = false
    for (const digest of digests) known = timingSafeEqual(presented, digest) || known
    const isExpected = sources === undefined || sources.has(clientAddress(request) ?? '')
    if (known && isExpected) {
      next()
      return
    }
    throw countWrongKey(
      request,
      new Fault(
        'identification_refused',
        'authorization: expected the Divar identification key, raw, as set in the developer panel',
        isExpected ? {} : { internal: 'the address is not in DIVAR_SOURCE_RANGES' },
      ),
    )
  }
}

/**
 * Trims ASCII blanks only: `String.trim` also removes 0xA0, the last byte of some Persian letters. Not a regular expression: one that ends in `$` takes
 * quadratic time on a header of 16 KiB of blanks.
 */
function trimBlanks(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text.charCodeAt(start))) start += 1
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1
  return text.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d)
}
