import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { Quota } from '../../src/base/rate-limit.ts'

let now = 0
beforeEach(() => {
  now = 1000
  jest.spyOn(performance, 'now').mockImplementation(() => now)
})
afterEach(() => {
  jest.restoreAllMocks()
})

const create = (perMinute: number, maxKeys = 100) => new Quota({ name: 'q', perMinute, maxKeys })
const takes = (quota: Quota, ...keys: string[]) => keys.map((key) => quota.take(key).taken)

test('so many can be taken, each key its own, and what is left is told as the standard has it', () => {
  const quota = create(2)
  expect(quota.take('a')).toEqual({
    taken: true,
    resetsInS: 60,
    headers: { 'ratelimit-policy': '"q";q=2;w=60', ratelimit: '"q";r=1;t=60' },
  })
  now += 29_500
  expect(takes(quota, 'a', 'a', 'b')).toEqual([true, false, true])
  expect(quota.take('a')).toMatchObject({ taken: false, resetsInS: 31, headers: { ratelimit: '"q";r=0;t=31' } })
})

test('a minute after the first there is as much as ever, however often it was asked for in between', () => {
  const quota = create(1)
  expect(takes(quota, 'a', 'a')).toEqual([true, false])
  now += 59_999
  expect(quota.take('a')).toMatchObject({ taken: false, resetsInS: 1 })
  now += 1
  expect(takes(quota, 'a', 'a')).toEqual([true, false])
})

test('past its bound of keys the ones that were counted first are forgotten, and no others', () => {
  const quota = create(1, 3)
  expect(takes(quota, 'a', 'b', 'c', 'd')).toEqual([true, true, true, true])
  expect(takes(quota, 'b', 'c', 'd', 'a')).toEqual([false, false, false, true])
})

test('what is over makes room before anything is forgotten', () => {
  const quota = create(1, 3)
  quota.take('a')
  now += 30_000
  expect(takes(quota, 'b', 'c')).toEqual([true, true])
  now += 30_000
  expect(takes(quota, 'a', 'b', 'c')).toEqual([true, false, false])
  expect(takes(quota, 'd', 'b')).toEqual([true, true])
})

test('a million keys take the room of the bound', () => {
  const quota = create(1, 100)
  for (let key = 0; key < 1_000_000; key += 1) quota.take(String(key))
  const known = Array.from({ length: 100 }, (_, index) => String(999_900 + index))
  expect(takes(quota, ...known).some(Boolean)).toBe(false)
  expect(quota.take('999899').taken).toBe(true)
})
