import { Fault } from '../base/fault.ts'
import { RateLimit } from '../base/rate-limit.ts'
import { clientAddress, networkOf, type AuthRequest } from './client-address.ts'

const MAX_ADDRESSES = 10_000

/** Counts a wrong key by client address. Returns `refusal`, or `too_many_wrong_keys` above the rate limit. */
export type CountWrongKey = (request: AuthRequest, refusal: Fault) => Fault

/** @param perMinute 0 for no limit */
export function createWrongKeyCount(perMinute: number): CountWrongKey {
  if (perMinute === 0) return (_, refusal) => refusal
  const rateLimit = new RateLimit({ name: 'wrong-keys', perMinute, maxKeys: MAX_ADDRESSES })
  return (request, refusal) => {
    const address = clientAddress(request)
    // Unparsable addresses share one counter.
    const { taken, resetsInS, headers } = rateLimit.take(address === undefined ? 'unreadable' : networkOf(address))
    if (taken) return refusal
    return new Fault('too_many_wrong_keys', TOO_MANY, { ...refusal.options, retryAfter: resetsInS, headers })
  }
}

const TOO_MANY = 'Too many wrong keys came from this address within a minute; the right one is taken at any time.'
