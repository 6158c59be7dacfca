import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { RateLimit } from '../../src/base/rate-limit.ts'

let now = 0
beforeEach(() => {
  now = 1000
  jest.spyOn(performance, 'now').mockImplementation(() => now)
})
afterEach(() => {
  jest.restoreAllMocks()
})

const create = (perMinute: number, maxKeys = 100) => new RateLimit({ name: 'q', perMinute, maxKeys })
const takes = (rateLimit: RateLimit, ...keys: string[]) => keys.map((key) => rateLimit.take(key).taken)

test('each key has its own limit, and the headers say what is left in the standard format', () => {
  const rateLimit = create(2)
  expect(rateLimit.take('a')).toEqual({
    taken: true,
    resetsInS: 60,
    headers: { 'ratelimit-policy': '"q";q=2;w=60', ratelimit: '"q";r=1;t=60' },
  })
  now += 29_500
  expect(takes(rateLimit, 'a', 'a', 'b')).toEqual([true, false, true])
  expect(rateLimit.take('a')).toMatchObject({ taken: false, resetsInS: 31, headers: { ratelimit: '"q";r=0;t=31' } })
})

test('one minute after the first request the full limit is available again, regardless of refused requests', () => {
  const rateLimit = create(1)
  expect(takes(rateLimit, 'a', 'a')).toEqual([true, false])
  now += 59_999
  expect(rateLimit.take('a')).toMatchObject({ taken: false, resetsInS: 1 })
  now += 1
  expect(takes(rateLimit, 'a', 'a')).toEqual([true, false])
})

test('above the maximum number of keys the oldest are forgotten, and no others', () => {
  const rateLimit = create(1, 3)
  expect(takes(rateLimit, 'a', 'b', 'c', 'd')).toEqual([true, true, true, true])
  expect(takes(rateLimit, 'b', 'c', 'd', 'a')).toEqual([false, false, false, true])
})

test('expired keys are removed before any other is forgotten', () => {
  const rateLimit = create(1, 3)
  rateLimit.take('a')
  now += 30_000
  expect(takes(rateLimit, 'b', 'c')).toEqual([true, true])
  now += 30_000
  expect(takes(rateLimit, 'a', 'b', 'c')).toEqual([true, false, false])
  expect(takes(rateLimit, 'd', 'b')).toEqual([true, true])
})

test('a million keys use no more memory than the maximum number of keys', () => {
  const rateLimit = create(1, 100)
  for (let key = 0; key < 1_000_000; key += 1) rateLimit.take(String(key))
  const known = Array.from({ length: 100 }, (_, index) => String(999_900 + index))
  expect(takes(rateLimit, ...known).some(Boolean)).toBe(false)
  expect(rateLimit.take('999899').taken).toBe(true)
})
