import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import { startDeadline } from '../../src/base/timeout.ts'

test('a deadline that is stopped after its time but before its callback does not fire', async () => {
  let passed = 0
  await new Promise<void>((resolve) => {
    const stop = startDeadline(20, () => (passed += 1))
    // Of the same length and begun later: it runs directly after the deadline's own timer.
    setTimeout(() => {
      stop()
      resolve()
    }, 20)
  })
  for (let turn = 0; turn < 20; turn += 1) await nextTurn()
  expect(passed).toBe(0)
})

test('a deadline fires once', async () => {
  let passed = 0
  await new Promise<void>((resolve) => {
    startDeadline(1, () => {
      passed += 1
      resolve()
    })
  })
  for (let turn = 0; turn < 20; turn += 1) await nextTurn()
  expect(passed).toBe(1)
})
