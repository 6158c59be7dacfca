import { Fault } from '../base/fault.ts'
import { RateLimit } from '../base/rate-limit.ts'
import { clientAddress, networkOf, type AuthRequest } from './client-address.ts'

const MAX_ADDRESSES = 10_000

/** Counts a wrong key against its address: the refusal, or, past so many a minute, that there were too many. */
export type CountWrongKey = (request: AuthRequest, refusal: Fault) => Fault

/** @param perMinute 0 for any number */
export function createWrongKeyCount(perMinute: number): CountWrongKey {
  if (perMinute === 0) return (_, refusal) => refusal
  const quota = new RateLimit({ name: 'wrong-keys', perMinute, maxKeys: MAX_ADDRESSES })
  return (request, refusal) => {
    const address = clientAddress(request)
    // What cannot be read is one address: whoever writes nonsense gets no count of one's own for each nonsense.
    const { taken, resetsInS, headers } = quota.take(address === undefined ? 'unreadable' : networkOf(address))
    if (taken) return refusal
    return new Fault('too_many_wrong_keys', TOO_MANY, { ...refusal.options, retryAfter: resetsInS, headers })
  }
}

const TOO_MANY = 'Too many wrong keys came from this address within a minute; the right one is taken at any time.'
