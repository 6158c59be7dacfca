import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import { createLogger } from '../../src/base/log.ts'
import { Attempts } from '../../src/outbox/attempts.ts'
import { StoreError, type Finish } from '../../src/store/store.ts'
import { acceptedAndClaimed, newStore } from '../support/stores.ts'

test('what is done about one message is done one after the other, also after a failure', async () => {
  const { signal } = new AbortController()
  const attempts = new Attempts(await newStore('sqlite'), 'gw-1', createLogger('silent'), signal)
  const done: string[] = []
  const act = (name: string, fails: boolean) => async () => {
    done.push(`${name} begins`)
    await wait(5)
    done.push(`${name} ends`)
    if (fails) throw new Error(name)
  }
  const first = attempts.alone('msg_1', act('first', true))
  const second = attempts.alone('msg_1', act('second', false))
  await attempts.alone('msg_2', act('other', false))
  await expect(first).rejects.toThrow('first')
  expect(attempts.isInHand('msg_1')).toBe(true)
  await second
  expect(done.filter((one) => !one.startsWith('other'))).toEqual([
    'first begins',
    'first ends',
    'second begins',
    'second ends',
  ])
  expect(attempts.isInHand('msg_1')).toBe(false)
})

test('an end that the store cannot take keeps back no other', async () => {
  const store = await newStore('sqlite')
  const finish = (owner: string, finished: readonly Finish[]) =>
    finished.some(({ attempt }) => attempt?.outcome === 'poison')
      ? Promise.reject(new StoreError('refused', undefined))
      : store.finish(owner, finished)
  const cutOff = new AbortController()
  const attempts = new Attempts({ ...store, finish }, 'gw-1', createLogger('silent'), cutOff.signal)
  const messages = [await acceptedAndClaimed(store), await acceptedAndClaimed(store), await acceptedAndClaimed(store)]
  await store.begin(
    'gw-1',
    messages.map(({ id }) => id),
  )
  const ends = messages.map((message, index) => {
    const outcome = index === 1 ? 'poison' : 'delivered'
    return attempts.finish({ message, attempt: { number: 1, outcome }, next: { state: 'delivered' } })
  })
  expect(await Promise.all([ends[0], ends[2]])).toEqual([true, true])
  cutOff.abort()
  expect(await ends[1]).toBe(false)
})
