import { Fault } from '../base/fault.ts'
import { isContradictory, valuesOf } from '../base/repeated-header.ts'
import type { Knock } from './client-address.ts'
import { digestSecret } from './secret.ts'
import type { CountWrongKey } from './wrong-keys.ts'

/** One of the company's own services, as named in INTERNAL_API_KEYS. */
export type Caller = { name: string }

/** Tells which service is calling; throws `api_key_refused` or `too_many_wrong_keys` when it is none of ours. */
export type CallerGate = (request: Knock) => Caller

/**
 * Checks `x-api-key`; the same key twice is one key, two different ones are none. Keys are found by their salted digest, so one caller costs what a thousand cost, and the time of the search
 * tells only of digests that nobody outside this process can compute.
 */
export function createCallerGate(
  keys: readonly { name: string; key: string }[],
  countWrongKey: CountWrongKey,
): CallerGate {
  const known = new Map(keys.map(({ name, key }) => [digestText(Buffer.from(key, 'utf8')), { name }]))
  return (request) => {
    const values = valuesOf('x-api-key', request.rawHeaders)
    const key = isContradictory(values) ? '' : (values[0] ?? '')
    const caller = known.get(digestText(Buffer.from(key, 'latin1')))
    if (caller === undefined) {
      throw countWrongKey(
        request,
        new Fault('api_key_refused', 'x-api-key: expected one of the keys in INTERNAL_API_KEYS of this gateway'),
      )
    }
    return caller
  }
}

function digestText(key: Buffer): string {
  return digestSecret(key).toString('base64')
}
