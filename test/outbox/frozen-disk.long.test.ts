import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { StoreError } from '../../src/store/store.ts'
import { TEST_KEY } from '../support/databases.ts'
import { mountFreezableDisk } from '../support/frozen-disk.ts'
import { problemOf, V1 } from '../support/messages.ts'
import {
  eventually,
  listMessages,
  post,
  queue,
  chatMessage,
  startOn,
  textsReceivedBy,
  until,
} from '../support/outbox.ts'
import { newMessage, openAt } from '../support/stores.ts'

const disk = mountFreezableDisk()
const dyingDisk = mountFreezableDisk()
const run = disk === undefined ? test.skip : test

function refused(settled: PromiseSettledResult<unknown> | undefined): unknown {
  if (settled?.status !== 'rejected' || !(settled.reason instanceof StoreError)) throw new Error('it was not refused')
  return settled.reason.mayHaveCommitted
}

run(
  'a call that waits behind a frozen disk is reported as not done, one that had started as possibly done',
  async () => {
    const { folder, freeze, thaw } = disk ?? missing()
    const store = await openAt(`file:${join(folder, 'store.db')}`)
    const [begun, waiting] = [newMessage(), newMessage()]
    freeze()
    const calls = await Promise.allSettled([store.accept([begun]), store.accept([waiting])])
    expect(calls.map(refused)).toEqual([true, false])
    thaw()
    await store.ping()
    expect((await store.find(begun.caller, begun.id))?.state).toBe('queued')
    expect(await store.find(waiting.caller, waiting.id)).toBeUndefined()
  },
)

run('a commit that meets an I/O error may have reached the disk', async () => {
  const { folder, fail } = dyingDisk ?? missing()
  const store = await openAt(`file:${join(folder, 'store.db')}`)
  await store.accept([newMessage()])
  fail()
  const [settled] = await Promise.allSettled([store.accept([newMessage()])])
  expect(refused(settled)).toBe(true)
})

run(
  'a message that was refused while the disk was frozen never arrives, and its key is free',
  async () => {
    const { folder, freeze, thaw } = disk ?? missing()
    const gateway = await startOn({
      DATABASE_URL: `file:${join(folder, 'gateway.db')}`,
      TOKEN_ENCRYPTION_KEY: TEST_KEY,
    })
    await until(gateway, await queue(gateway, V1), 'delivered')
    freeze()
    try {
      // The proof of the store that runs each second hangs first; everything else waits behind it.
      await gateway.logged('store.away')
      const headers = [{ prefer: 'respond-async' }, { 'idempotency-key': 'k-1' }]
      const send = (more: Record<string, string>, index: number) =>
        post(gateway, chatMessage('c-2', `refused ${index}`), more)
      for (const response of await Promise.all(headers.map(send))) {
        expect(problemOf(response)).toMatchObject({ status: 503, code: 'store_unavailable' })
      }
    } finally {
      thaw()
    }
    const again = await eventually(async () => {
      const response = await post(gateway, chatMessage('c-2', 'refused 1'), { 'idempotency-key': 'k-1' })
      return response.status === 200 ? response : undefined
    }, 'the key free')
    expect(again.headers['idempotent-replayed']).toBeUndefined()
    await until(gateway, await queue(gateway, chatMessage('c-2', 'accepted')), 'delivered')
    expect(textsReceivedBy(gateway.divar).slice(1)).toEqual(['refused 1', 'accepted'])
    expect((await listMessages(gateway)).messages).toHaveLength(3)
  },
  // A call has 10 s before it is given up.
  60_000,
)

function missing(): never {
  throw new Error('there is no such disk')
}
