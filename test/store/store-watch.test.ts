import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { createLogger } from '../../src/observability/log.ts'
import { StoreWatch } from '../../src/store/store-watch.ts'

beforeEach(() => void jest.useFakeTimers())
afterEach(() => void jest.useRealTimers())

test('a store that hangs counts as away within 2 s, and as up within 2 s of answering again', async () => {
  let isHanging = true
  const watch = new StoreWatch(createLogger('silent'))
  watch.start(() => (isHanging ? new Promise(() => undefined) : Promise.resolve()))
  await jest.advanceTimersByTimeAsync(2000)
  expect(watch.isUp()).toBe(false)
  isHanging = false
  await jest.advanceTimersByTimeAsync(2000)
  expect(watch.isUp()).toBe(true)
  watch.stop()
})

test('a store that fails a call counts as away at once', () => {
  const watch = new StoreWatch(createLogger('silent'))
  watch.start(() => Promise.resolve())
  watch.onFailed()
  expect(watch.isUp()).toBe(false)
  watch.stop()
})
