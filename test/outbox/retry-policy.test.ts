import { expect, test } from '@jest/globals'
import type { Outcome } from '../../src/divar/outcome.ts'
import { stateAfterAttempt, type AttemptedMessage } from '../../src/outbox/retry-policy.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const POLICY = { firstMs: 1000, maxMs: HOUR_MS, forMs: DAY_MS }

function failed(retryAfterSeconds?: number): Outcome {
  return {
    kind: 'platform_error',
    divar: { status: 503 },
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  }
}

function next(more: Partial<AttemptedMessage>, random = 1) {
  const tried = {
    wire: 'v2' as const,
    outcome: failed(),
    number: 1,
    atLeastOnce: false,
    unsure: false,
    tryForMs: DAY_MS,
    ...more,
  }
  return stateAfterAttempt(tried, POLICY, () => random)
}

test("a Retry-After longer than the message's remaining time leaves one last try just before its end", () => {
  const last = next({ outcome: failed(86_400) })
  expect(last).toEqual({ state: 'queued', inMs: DAY_MS - 60_000, unsure: false })
  expect(next({ outcome: failed(86_400), number: 2, tryForMs: 59_999 })).toEqual({ state: 'failed' })
  expect(next({ outcome: failed(86_400), number: 2, tryForMs: 59_999, unsure: true })).toEqual({ state: 'unknown' })
})

test('a Retry-After that ends in time is waited for in full', () => {
  expect(next({ outcome: failed(7200) }, 0)).toEqual({ state: 'queued', inMs: 7_200_000, unsure: false })
})

test('a rate-limited message may probe after an hour, for any Retry-After', () => {
  const outcome: Outcome = { kind: 'rate_limited', divar: { status: 429 }, retryAfterSeconds: 86_400 }
  expect(next({ outcome }, 0)).toEqual({ state: 'queued', inMs: HOUR_MS, unsure: false })
})

test('a wait between two tries never exceeds the maximum, after any number of tries', () => {
  for (const number of [13, 14, 50, 2000]) expect(next({ number })).toMatchObject({ inMs: HOUR_MS })
})

test('a message without Retry-After ends if its next try would come too late', () => {
  expect(next({ number: 13, tryForMs: HOUR_MS - 1 })).toEqual({ state: 'failed' })
})

test('the maximum wait doubles with each try up to its limit, and each wait is random below it', () => {
  const waits = Array.from({ length: 13 }, (_, index) => next({ number: index + 1 }))
  const seconds = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600]
  expect(waits).toEqual(seconds.map((second) => ({ state: 'queued', inMs: second * 1000, unsure: false })))
  for (const random of [0, 0.25, 0.5]) {
    expect(next({ number: 4 }, random)).toEqual({ state: 'queued', inMs: 8000 * random, unsure: false })
  }
})
