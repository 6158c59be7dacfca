import { expect, test } from '@jest/globals'
import { createLogger } from '../../src/observability/log.ts'
import { BATCH, MaintenanceLoop } from '../../src/store/maintenance.ts'

test('maintenance continues until everything is done, and other calls run in between', async () => {
  const loop = new MaintenanceLoop(createLogger('silent'))
  let left = 70 * BATCH + 1
  let otherCalls = 0
  const other = setInterval(() => (otherCalls += 1), 0)
  const done = await loop.runBatches('purge', () => {
    const batch = Math.min(BATCH, left)
    left -= batch
    return new Promise((resolve) => setTimeout(resolve, 1, batch))
  })
  clearInterval(other)
  expect({ done, left }).toEqual({ done: 70 * BATCH + 1, left: 0 })
  expect(otherCalls).toBeGreaterThan(70)
  await loop.stop()
})
