import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import { runInBatch } from '../../src/base/tick-batch.ts'

/** Joins a batch, then takes two steps and writes each down. */
async function pass(name: string, passed: string[]): Promise<void> {
  await new Promise<void>(runInBatch)
  passed.push(`${name} 1`)
  await Promise.resolve()
  passed.push(`${name} 2`)
}

test('calls that join in one turn continue in that turn, in order, and step by step together', async () => {
  const passed: string[] = []
  for (const name of ['a', 'b', 'c']) void pass(name, passed)
  await Promise.resolve()
  expect(passed).toEqual([])
  await turn()
  expect(passed).toEqual(['a 1', 'b 1', 'c 1', 'a 2', 'b 2', 'c 2'])
})

test('a call that joins alone continues in the same turn', async () => {
  const passed: string[] = []
  void pass('a', passed)
  await turn()
  expect(passed).toEqual(['a 1', 'a 2'])
})

test('a batch of sixteen is full and runs at once; the seventeenth call joins the next batch', async () => {
  const passed: string[] = []
  const names = Array.from({ length: 17 }, (_, index) => String(index))
  for (const name of names) void pass(name, passed)
  await Promise.resolve()
  expect(passed.filter((step) => step.endsWith(' 1'))).toEqual(names.slice(0, 16).map((name) => `${name} 1`))
  await turn()
  expect(passed.slice(-2)).toEqual(['16 1', '16 2'])
})

test('a call that joins after a full batch waits only for its own turn', async () => {
  const passed: string[] = []
  for (let member = 0; member < 16; member += 1) runInBatch(() => undefined)
  await turn()
  void pass('late', passed)
  expect(passed).toEqual([])
  await turn()
  expect(passed).toEqual(['late 1', 'late 2'])
})
