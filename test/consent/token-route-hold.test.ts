import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { TokenRouteHold } from '../../src/divar/token-client.ts'

afterEach(() => {
  jest.restoreAllMocks()
})

/** A hold on a clock that only the test moves. */
function newHold() {
  let now = 1000
  jest.spyOn(performance, 'now').mockImplementation(() => now)
  return { hold: new TokenRouteHold(5000), pass: (seconds: number) => (now += seconds * 1000) }
}

describe('when the token route asks to wait, no grant is refreshed', () => {
  test.each([
    ['as long as it says, after 429', 429, 60, 60],
    ['as long as it says, after 503', 503, 60, 60],
    ['for two seconds, after a 429 that does not say how long', 429, undefined, 2],
    ['for five minutes at most', 429, 86_400, 300],
  ])('%s', (_, status, retryAfter, seconds) => {
    const { hold, pass } = newHold()
    expect(hold.isHeld()).toBe(false)
    hold.note(status, retryAfter)
    pass(seconds - 1)
    expect(hold.isHeld()).toBe(true)
    pass(1)
    expect(hold.isHeld()).toBe(false)
  })

  test('then one grant is, and the others wait for its answer', () => {
    const { hold, pass } = newHold()
    hold.note(429, 60)
    pass(60)
    expect([1, 2, 3].map(() => hold.isHeld())).toEqual([false, true, true])
    hold.note(200, undefined)
    expect([1, 2, 3].map(() => hold.isHeld())).toEqual([false, false, false])
  })

  test('then another grant is, if the first gets no answer', () => {
    const { hold, pass } = newHold()
    hold.note(429, 60)
    pass(60)
    expect(hold.isHeld()).toBe(false)
    pass(5)
    expect([hold.isHeld(), hold.isHeld()]).toEqual([false, true])
  })
})

test.each([200, 400, 401, 500])('an answer %d without a wait delays no refresh', (status) => {
  const { hold } = newHold()
  hold.note(429, 60)
  hold.note(status, undefined)
  expect(hold.isHeld()).toBe(false)
})
