import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, test } from '@jest/globals'
import { batched } from '../../src/store/batch.ts'
import { StoreError } from '../../src/store/store.ts'

const OPTIONS = { maxItems: 3, maxRunning: 1, maxWaiting: 100 }

type Batch = { items: readonly number[]; answer: (results?: readonly string[]) => void; fail: (error: Error) => void }

/** A batched call whose every batch waits for the test. */
function start(options: Partial<typeof OPTIONS> = {}) {
  const batches: Batch[] = []
  const call = batched<number, string>(
    (items) =>
      new Promise((resolve, reject) => {
        const answer: Batch['answer'] = (results = items.map((item) => `result ${item}`)) => {
          resolve(results)
        }
        batches.push({ items, answer, fail: reject })
      }),
    { ...OPTIONS, ...options },
  )
  return { call, itemsOf: () => batches.map(({ items }) => items), at: (index: number) => batches[index] ?? fail() }
}

function fail(): never {
  throw new Error('there is no such batch')
}

describe('a batched call', () => {
  test('starts at once when none is running', () => {
    const { call, itemsOf } = start()
    void call(1)
    expect(itemsOf()).toEqual([[1]])
  })

  test('joins the next batch, in order, while another is running', async () => {
    const { call, itemsOf, at } = start()
    const first = call(1)
    const others = [call(2), call(3), call(4)]
    expect(itemsOf()).toEqual([[1]])
    at(0).answer()
    expect(await first).toBe('result 1')
    await turn()
    expect(itemsOf()).toEqual([[1], [2, 3, 4]])
    at(1).answer()
    expect(await Promise.all(others)).toEqual(['result 2', 'result 3', 'result 4'])
  })

  test('gets the result of its own batch', async () => {
    const { call, at } = start({ maxItems: 1, maxRunning: 2 })
    const calls = [call(1), call(2)]
    at(1).answer()
    expect(await calls[1]).toBe('result 2')
    at(0).answer()
    expect(await calls[0]).toBe('result 1')
  })

  test('waits for a further batch if the next is full, in order', async () => {
    const { call, itemsOf, at } = start({ maxItems: 2 })
    const calls = [1, 2, 3, 4, 5, 6].map(call)
    for (const index of [0, 1, 2, 3]) {
      at(index).answer()
      await turn()
    }
    await Promise.all(calls)
    expect(itemsOf()).toEqual([[1], [2, 3], [4, 5], [6]])
  })

  test('runs beside no more than the allowed number of batches', async () => {
    const { call, itemsOf, at } = start({ maxRunning: 2 })
    const calls = [1, 2, 3, 4].map(call)
    expect(itemsOf()).toEqual([[1], [2]])
    at(1).answer()
    await calls[1]
    await turn()
    expect(itemsOf()).toEqual([[1], [2], [3, 4]])
    at(0).answer()
    at(2).answer()
    expect(await Promise.all(calls)).toHaveLength(4)
  })

  test('fails with its batch, and no other does', async () => {
    const { call, at } = start()
    const first = call(1)
    const second = [call(2), call(3)]
    at(0).answer()
    await first
    await turn()
    const third = call(4)
    const settled = Promise.allSettled(second)
    at(1).fail(new StoreError('gone', undefined))
    await turn()
    for (const one of await settled) expect(one).toMatchObject({ status: 'rejected', reason: { message: 'gone' } })
    at(2).answer()
    expect(await third).toBe('result 4')
  })

  test('without a result fails alone', async () => {
    const { call, at } = start()
    const first = call(1)
    const [second, third] = [call(2), call(3)]
    at(0).answer()
    await first
    await turn()
    at(1).answer(['result 2'])
    expect(await second).toBe('result 2')
    await expect(third).rejects.toThrow(StoreError)
  })

  test('is refused at once while too many wait, and accepted again afterwards', async () => {
    const { call, at } = start({ maxItems: 2, maxWaiting: 2 })
    const first = call(1)
    const waiting = [call(2), call(3)]
    await expect(call(4)).rejects.toThrow(new StoreError('too many calls wait for the store', undefined))
    at(0).answer()
    await first
    await turn()
    const last = call(5)
    at(1).answer()
    await Promise.all(waiting)
    await turn()
    at(2).answer()
    expect(await last).toBe('result 5')
  })
})
