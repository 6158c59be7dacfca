import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { Store } from '../../src/store/store.ts'
import { DATABASES } from '../support/databases.ts'
import {
  acceptedAndClaimed,
  ALL,
  claimed,
  claimedOne,
  finish,
  idsOf,
  newAlterableStore,
  newMessage,
  claimLeftovers,
  type AlterableStore,
} from '../support/stores.ts'

describe.each(DATABASES)('a lease on %s', (kind) => {
  let at: AlterableStore
  let store: Store
  beforeAll(async () => {
    at = await newAlterableStore(kind)
    store = at.store()
  })
  beforeEach(async () => {
    store = at.store()
    for (const number of [1, 2, 3, 4, 5]) await store.leave(`gw-${number}`)
    await claimLeftovers(store)
  })

  test("protects its owner's claims from all others", async () => {
    const { id } = await acceptedAndClaimed(store)
    expect(await store.adopt('gw-2', ALL)).toEqual([])
    expect(await store.adopt('gw-1', ALL)).toMatchObject([{ id, takenOver: false }])
  })

  test('that its owner gives up leaves its messages, with their attempts, to the next gateway', async () => {
    await store.accept([newMessage(), newMessage({ leasedTo: 'gw-1', atLeastOnce: true })])
    const message = await claimedOne(store)
    await store.begin('gw-1', [message.id])
    await store.leave('gw-1')
    const [aside, begun, ...others] = (await store.adopt('gw-2', ALL)).sort(
      (one, other) => one.attempts - other.attempts,
    )
    expect(others).toEqual([])
    expect(begun).toMatchObject({ id: message.id, attempts: 1, attemptOpen: true, takenOver: true, inLine: true })
    expect(aside).toMatchObject({ attempts: 0, attemptOpen: false, takenOver: true, inLine: false, atLeastOnce: true })
    expect(await store.adopt('gw-2', ALL)).toMatchObject([{ takenOver: false }, { takenOver: false }])
    expect(await store.adopt('gw-3', ALL)).toEqual([])
  })

  test('that was taken over lets its previous owner change nothing', async () => {
    const message = await acceptedAndClaimed(store)
    await store.leave('gw-1')
    await store.adopt('gw-2', ALL)
    await store.release('gw-1', [message.id])
    expect(await store.begin('gw-1', [message.id])).toEqual([])
    expect(await finish(store, [message])).toEqual([])
    expect(await store.begin('gw-2', [message.id])).toEqual([{ id: message.id, number: 1 }])
    expect(await finish(store, [message], { owner: 'gw-2' })).toEqual([message.id])
  })

  test('expires unless its owner renews it', async () => {
    const owners = ['gw-1', 'gw-2', 'gw-3', 'gw-4']
    for (const owner of owners) await acceptedAndClaimed(store, { caller: owner }, owner)
    await at.alter('update gateway set lease_until = lease_until - 31000')
    store = at.store()
    await store.heartbeat('gw-1')
    await store.claim('gw-2', 'v2', 1)
    await store.adopt('gw-3', 0)
    const held = await store.adopt('gw-5', ALL)
    expect(held.filter(({ caller }) => owners.includes(caller))).toMatchObject([{ caller: 'gw-4', takenOver: true }])
  })

  test('is taken over in limited batches, the oldest first', async () => {
    const messages = Array.from({ length: 5 }, () => newMessage())
    await store.accept(messages)
    await claimed(store)
    await store.leave('gw-1')
    const takenOver = async (owner: string) => idsOf((await store.adopt(owner, 2)).filter((held) => held.takenOver))
    expect(await takenOver('gw-2')).toEqual(idsOf(messages.slice(0, 2)))
    expect(await takenOver('gw-3')).toEqual(idsOf(messages.slice(2, 4)))
    expect(await takenOver('gw-2')).toEqual(idsOf(messages.slice(4)))
    expect(await store.adopt('gw-2', 2)).toHaveLength(3)
  })

  test('is taken over once by any number of simultaneous tries', async () => {
    const messages = Array.from({ length: 60 }, () => newMessage())
    await store.accept(messages)
    await claimed(store)
    await store.leave('gw-1')
    const owners = ['gw-2', 'gw-3', 'gw-4', 'gw-5']
    await Promise.all(owners.map((owner) => store.adopt(owner, 20)))
    const held = await Promise.all(owners.map((owner) => store.adopt(owner, ALL)))
    expect(idsOf(held.flat()).sort()).toEqual(idsOf(messages).sort())
  })

  test('covers no finished or waiting message', async () => {
    await store.accept([newMessage(), newMessage(), newMessage()])
    const [first, second] = await claimed(store, 'gw-1', 2)
    if (first === undefined || second === undefined) throw new Error('both are due')
    await finish(store, [first])
    await store.release('gw-1', [second.id])
    await store.leave('gw-1')
    expect(await store.adopt('gw-2', ALL)).toEqual([])
  })

  test('does not cover messages that its owner has queued again', async () => {
    const message = await acceptedAndClaimed(store)
    await finish(store, [message], { next: { state: 'queued', inMs: 0, unsure: true } })
    expect(await store.adopt('gw-1', ALL)).toEqual([])
    expect((await claimedOne(store, 'gw-2')).id).toBe(message.id)
  })
})
