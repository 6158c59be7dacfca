import { Fault } from '../base/fault.ts'
import type { Knock } from './client-address.ts'
import { digestSecret, sameDigest } from './secret.ts'
import type { CountWrongKey } from './wrong-keys.ts'

/** One of the company's own services, as named in INTERNAL_API_KEYS. */
export type Caller = { name: string }

/** Tells which service is calling; throws `api_key_refused` or `too_many_wrong_keys` when it is none of ours. */
export type CallerGate = (request: Knock) => Caller

/**
 * Checks `x-api-key`. Keys are found by their salted digest, so one caller costs what a thousand cost, and the time of the search
 * tells only of digests that nobody outside this process can compute.
 */
export function createCallerGate(
  keys: readonly { name: string; key: string }[],
  countWrongKey: CountWrongKey,
): CallerGate {
  const known = new Map(
    keys.map(({ name, key }) => {
      const digest = digestSecret(Buffer.from(key, 'utf8'))
      return [digest.toString('base64'), { digest, caller: { name } }]
    }),
  )
  return (request) => {
    const header = request.headers['x-api-key']
    const presented = digestSecret(Buffer.from(typeof header === 'string' ? header : '', 'latin1'))
    const found = known.get(presented.toString('base64'))
    if (found === undefined || !sameDigest(presented, found.digest)) {
      throw countWrongKey(
        request,
        new Fault('api_key_refused', 'x-api-key: expected one of the keys in INTERNAL_API_KEYS of this gateway'),
      )
    }
    return found.caller
  }
}
