import { timingSafeEqual } from 'node:crypto'
import type { AddressRanges } from '../base/address-ranges.ts'
import { Fault } from '../base/fault.ts'
import { clientAddress, type Knock } from './client-address.ts'
import { digestSecret } from './secret.ts'
import type { CountWrongKey } from './wrong-keys.ts'

/** Lets Divar in and nobody else; throws `identification_refused` or `too_many_wrong_keys` otherwise. */
export type DivarGate = (request: Knock) => void

export type DivarGateOptions = {
  /** The identification key and, while keys rotate, the next one. */
  keys: readonly [string, ...string[]]
  countWrongKey: CountWrongKey
  /** Where Divar calls from; from anywhere, when nothing is said. */
  sources?: AddressRanges | undefined
}

/**
 * Checks the raw `Authorization` header against the keys, and then where it came from. Whoever has the right key at a wrong address is told the same as
 * with a wrong key, as often, so that nobody learns which keys are right.
 *
 * The key is free text of the developer panel: it may hold blanks, begin with `Bearer ` or be Persian, so bytes are compared, trimmed.
 */
export function createDivarGate({ keys, countWrongKey, sources }: DivarGateOptions): DivarGate {
  const digests = keys.map((key) => digestSecret(Buffer.from(trimBlanks(key), 'utf8')))
  return (request) => {
    // Node hands headers over with one character for each byte.
    const presented = digestSecret(Buffer.from(trimBlanks(request.headers.authorization ?? ''), 'latin1'))
    let known = false
    for (const digest of digests) known = timingSafeEqual(presented, digest) || known
    const isExpected = sources === undefined || sources.has(clientAddress(request) ?? '')
    if (known && isExpected) return
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
 * Trims ASCII blanks only: `String.trim` would also take 0xA0, which is the last byte of some Persian letters. By index: a regular
 * expression that ends in `$` looks at every inner run of blanks again and again, and anybody may send 16 KiB of these.
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
