import type { Response } from 'express'
import { Fault } from '../base/fault.ts'
import { RateLimit } from '../base/rate-limit.ts'

const MAX_CALLERS = 10_000

/** Counts a caller's send and sets the RateLimit headers. Returns a fault above the limit. */
export function createSendRateLimit(perMinute: number): (caller: string, response: Response) => Fault | undefined {
  const rateLimit = new RateLimit({ name: 'sends', perMinute, maxKeys: MAX_CALLERS })
  return (caller, response) => {
    const { taken, resetsInS, headers } = rateLimit.take(caller)
    response.set(headers)
    if (taken) return undefined
    return new Fault(
      'too_many_sends',
      `You sent ${perMinute} messages within a minute, your bound; send more slowly, or raise SENDS_PER_MINUTE`,
      { retryAfter: resetsInS },
    )
  }
}
