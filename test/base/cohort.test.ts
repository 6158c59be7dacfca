import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import { joinCohort } from '../../src/base/cohort.ts'

/** Two steps of one that joins a cohort before them, written down as they are passed. */
async function pass(name: string, passed: string[]): Promise<void> {
  await joinCohort()
  passed.push(`${name} 1`)
  await Promise.resolve()
  passed.push(`${name} 2`)
}

test('who joins in one turn goes on in that turn, in the order of joining, and each step is passed by all before the next one', async () => {
  const passed: string[] = []
  for (const name of ['a', 'b', 'c']) void pass(name, passed)
  await Promise.resolve()
  expect(passed).toEqual([])
  await turn()
  expect(passed).toEqual(['a 1', 'b 1', 'c 1', 'a 2', 'b 2', 'c 2'])
})

test('who comes alone goes on in that turn', async () => {
  const passed: string[] = []
  void pass('a', passed)
  await turn()
  expect(passed).toEqual(['a 1', 'a 2'])
})

test('who is the sixteenth, and the fifteen before, wait for nobody else; the seventeenth joins the next cohort', async () => {
  const passed: string[] = []
  const names = Array.from({ length: 17 }, (_, index) => String(index))
  for (const name of names) void pass(name, passed)
  await Promise.resolve()
  expect(passed.filter((step) => step.endsWith(' 1'))).toEqual(names.slice(0, 16).map((name) => `${name} 1`))
  await turn()
  expect(passed.slice(-2)).toEqual(['16 1', '16 2'])
})

test('a cohort that was full leaves nothing behind: who joins turns later waits for that turn only', async () => {
  const passed: string[] = []
  for (let member = 0; member < 16; member += 1) void joinCohort()
  await turn()
  void pass('late', passed)
  expect(passed).toEqual([])
  await turn()
  expect(passed).toEqual(['late 1', 'late 2'])
})
