import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { createKeyring } from '../../src/base/keyring.ts'
import { newId } from '../../src/base/id.ts'
import type { Accepted, IdempotencyClaim, NewMessage, Store } from '../../src/store/store.ts'
import { trustClock } from '../support/clock.ts'
import { DATABASES } from '../support/databases.ts'
import {
  acceptedAndClaimed,
  claimed,
  finish,
  idsOf,
  MINUTE_MS,
  newMessage,
  newStore,
  sealed,
  claimLeftovers,
  textOf,
} from '../support/stores.ts'

describe.each(DATABASES)('an idempotency key on %s', (kind) => {
  let store: Store
  beforeAll(async () => {
    store = await newStore(kind)
  })
  beforeEach(() => claimLeftovers(store))

  test('gives a repeat the first answer and stores nothing for it', async () => {
    const key = newId('req')
    const [first, repeat] = [queued(key), queued(key)]
    expect(await accept(first)).toEqual({ kind: 'accepted' })
    expect(replyIn(await accept(repeat))).toEqual([first.id, `reply to ${first.id}`])
    expect(await store.find('orders', repeat.id)).toBeUndefined()
    expect(idsOf(await claimed(store))).toEqual([first.id])
    expect(replyIn(await accept(queued(key)))).toEqual([first.id, `reply to ${first.id}`])
  })

  test('gives the same answer in any state of the first request', async () => {
    const key = newId('req')
    const first = await acceptedAndClaimed(store, queued(key))
    await finish(store, [first])
    expect(replyIn(await accept(queued(key)))).toEqual([first.id, `reply to ${first.id}`])
  })

  test('says that the first request still runs, or that it was lost', async () => {
    const key = newId('req')
    const first = awaited(key)
    await store.accept([first])
    expect(await accept(awaited(key))).toEqual({ kind: 'running' })
    expect(await accept(queued(key))).toEqual({ kind: 'running' })
    await finish(store, [{ id: first.id, conversation: '', inLine: false }], { next: { state: 'unknown' } })
    expect(await accept(awaited(key))).toEqual({ kind: 'lost', messageId: first.id })
  })

  test('stays with its first request', async () => {
    for (const make of [queued, awaited]) {
      const key = newId('req')
      await store.accept([make(key)])
      expect(await accept(make(key, 'something else'))).toEqual({ kind: 'mismatch' })
      expect((await accept(make(key))).kind).not.toBe('mismatch')
    }
  })

  test('recognizes its request under a previous key', async () => {
    const key = newId('req')
    const [old, both, none] = [['old'], ['new', 'old'], ['new']].map(([newest = '', ...older]) =>
      createKeyring([Buffer.alloc(32, newest), ...older.map((one) => Buffer.alloc(32, one))]).macs(
        'fingerprint',
        'said',
      ),
    )
    if (old === undefined || both === undefined || none === undefined) throw new Error('three keyrings')
    const under = (fingerprints: IdempotencyClaim['fingerprints']) =>
      newMessage({ idempotency: { key, fingerprints, ttlMs: MINUTE_MS, reply: sealed('reply') } })
    await store.accept([under(old)])
    expect(await accept(under(both))).toMatchObject({ kind: 'replay' })
    expect(await accept(under(none))).toEqual({ kind: 'mismatch' })
  })

  test('is one key under all of its names, whatever names the gateways know', async () => {
    const [a, b, c] = [newId('req'), newId('req'), newId('req')]
    const first = named(b)
    expect(await accept(first)).toEqual({ kind: 'accepted' })
    for (const repeat of [named(b), named(a, b), named(b, a), named(c, b, a)]) {
      expect(replyIn(await accept(repeat))).toEqual([first.id, `reply to ${first.id}`])
      const found = await store.findRepeat('orders', repeat.idempotency)
      expect(found && replyIn(found)).toEqual([first.id, `reply to ${first.id}`])
    }
    // A repeat leaves nothing behind under its further names.
    expect(await accept(named(a, c))).toEqual({ kind: 'accepted' })
    expect(await accept(named(c))).toMatchObject({ kind: 'replay' })
    expect(idsOf(await claimed(store))).toHaveLength(2)
  })

  test('is reserved once by simultaneous calls that know it by different names, one of them in common', async () => {
    const keys = Array.from({ length: 30 }, () => [newId('req'), newId('req'), newId('req')] as const)
    const batches = keys.flatMap(([a, b, c]) => [
      [named(a, b), newMessage()],
      [named(b, a), newMessage()],
      [named(b), newMessage()],
      [named(c, b), newMessage()],
    ])
    const answers = await Promise.all(batches.map((batch) => store.accept(batch)))
    expect(answers.filter(([keyed]) => keyed?.kind === 'accepted')).toHaveLength(keys.length)
    expect(answers.every(([, unkeyed]) => unkeyed?.kind === 'accepted')).toBe(true)
    expect(await claimed(store)).toHaveLength(keys.length + batches.length)
  })

  test('is reserved once within a call that has it under two names', async () => {
    const [a, b] = [newId('req'), newId('req')]
    const [first, same] = [named(a, b), named(b, a)]
    expect(await store.accept([first, same])).toMatchObject([
      { kind: 'accepted' },
      { kind: 'replay', messageId: first.id },
    ])
  })

  test('is free under all of its names when its time is over', async () => {
    const [a, b] = [newId('req'), newId('req')]
    const over = named(a, b)
    await store.accept([{ ...over, idempotency: { ...over.idempotency, ttlMs: 0 } }])
    await trustClock(store)
    expect(await accept(named(b, a))).toEqual({ kind: 'accepted' })
    expect(await accept(named(a))).toMatchObject({ kind: 'replay' })
  })

  test('belongs to the caller that sent it', async () => {
    const key = newId('req')
    await store.accept([queued(key)])
    const other = { ...queued(key, 'something else'), caller: 'billing' }
    expect(await accept(other)).toEqual({ kind: 'accepted' })
    expect(replyIn(await accept({ ...other, id: newId('msg') }))).toEqual([other.id, `reply to ${other.id}`])
  })

  test('is free again when its time is over', async () => {
    const key = newId('req')
    const over = queued(key)
    await store.accept([{ ...over, idempotency: { ...over.idempotency, ttlMs: 0 } }])
    await trustClock(store)
    const next = queued(key, 'something else')
    expect(await accept(next)).toEqual({ kind: 'accepted' })
    expect(replyIn(await accept(queued(key, 'something else')))).toEqual([next.id, `reply to ${next.id}`])
    expect(await store.find('orders', over.id)).toBeDefined()
  })

  test('can be looked up without reserving it', async () => {
    const [key, over] = [newId('req'), newId('req')]
    const [first, expired] = [queued(key), queued(over)]
    expect(await store.findRepeat('orders', first.idempotency)).toBeUndefined()
    await store.accept([first, { ...expired, idempotency: { ...expired.idempotency, ttlMs: 0 } }])
    await trustClock(store)
    const repeated = await store.findRepeat('orders', queued(key).idempotency)
    expect(repeated && replyIn(repeated)).toEqual([first.id, `reply to ${first.id}`])
    expect(await store.findRepeat('orders', queued(key, 'something else').idempotency)).toEqual({ kind: 'mismatch' })
    expect(await store.findRepeat('billing', first.idempotency)).toBeUndefined()
    expect(await store.findRepeat('orders', expired.idempotency)).toBeUndefined()
    expect(await claimed(store)).toHaveLength(2)
  })

  test('is reserved once within a call', async () => {
    const key = newId('req')
    const [first, same, other, unkeyed] = [queued(key), queued(key), queued(key, 'something else'), newMessage()]
    const answers = await store.accept([first, same, other, unkeyed])
    expect(answers).toMatchObject([
      { kind: 'accepted' },
      { kind: 'replay', messageId: first.id },
      { kind: 'mismatch' },
      { kind: 'accepted' },
    ])
    expect(idsOf(await claimed(store))).toEqual([first.id, unkeyed.id])
  })

  test('is reserved once by simultaneous calls, also among other keys', async () => {
    const key = newId('req')
    const batches = Array.from({ length: 20 }, () => [newMessage(), queued(key), queued(newId('req'))])
    const answers = await Promise.all(batches.map((batch) => store.accept(batch)))
    const kinds = answers.map(([, keyed]) => keyed?.kind).sort()
    expect(kinds).toEqual(['accepted', ...Array.from({ length: 19 }, () => 'replay')])
    expect(answers.every(([first, , last]) => first?.kind === 'accepted' && last?.kind === 'accepted')).toBe(true)
    expect(await claimed(store)).toHaveLength(41)
  })

  test('is reserved once by simultaneous calls that name many keys in different orders', async () => {
    const keys = Array.from({ length: 60 }, () => newId('req'))
    const batches = Array.from({ length: 10 }, (_, index) => (index % 2 === 0 ? keys : keys.toReversed()))
    const answers = await Promise.all(batches.map((batch) => store.accept(batch.map((key) => queued(key)))))
    expect(answers.flat().filter((answer) => answer.kind === 'accepted')).toHaveLength(60)
    expect(await claimed(store)).toHaveLength(60)
  })

  test('is not reserved when storing fails', async () => {
    const key = newId('req')
    const twice = newMessage()
    await expect(store.accept([queued(key), twice, twice])).rejects.toThrow()
    expect(await accept(queued(key, 'something else'))).toEqual({ kind: 'accepted' })
  })

  async function accept(message: NewMessage): Promise<Accepted> {
    const [answer, ...others] = await store.accept([message])
    if (answer === undefined || others.length > 0) throw new Error('one message has one answer')
    return answer
  }
})

/** A message whose request is answered at once. */
function queued(key: string, said = 'said') {
  const message = newMessage()
  const reply = sealed(`reply to ${message.id}`)
  return { ...message, idempotency: { key, fingerprints: [said] as const, ttlMs: MINUTE_MS, reply } }
}

/** A queued message whose key has several names. */
function named(key: string, ...otherNames: string[]) {
  const { idempotency, ...message } = queued(key)
  return { ...message, idempotency: { ...idempotency, otherNames } }
}

/** A message whose request waits for its one attempt. */
function awaited(key: string, said = 'said') {
  return newMessage({ leasedTo: 'gw-1', idempotency: { key, fingerprints: [said], ttlMs: MINUTE_MS } })
}

function replyIn(answer: Accepted): [string, string] {
  if (answer.kind !== 'replay') throw new Error(`it was no replay but ${answer.kind}`)
  return [answer.messageId, textOf(answer.reply)]
}
