import { randomBytes } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { createKeyring } from '../../src/base/keyring.ts'
import { newId } from '../../src/base/id.ts'
import { createGrantCodec } from '../../src/consent/grant.ts'
import { createEraseConsent } from '../../src/consent/erase-consent.ts'
import { createEraseUser, type ErasedUser } from '../../src/erasure/erase-user.ts'
import type { Message } from '../../src/message/message.ts'
import { createLogger } from '../../src/observability/log.ts'
import { createEraseMessages } from '../../src/outbox/erase-messages.ts'
import { createSealer, writePayload } from '../../src/outbox/payload.ts'
import { StoreError, type Store } from '../../src/store/store.ts'
import { NOTHING } from '../support/erasure.ts'
import { newMessage, newStore } from '../support/stores.ts'

const keyring = createKeyring([randomBytes(32)])
const sealer = createSealer(keyring)
const codec = createGrantCodec(keyring)
const log = createLogger('silent')

type Parts = { isStopping?: () => boolean; failing?: Partial<Store> }

function eraserOf(store: Store, { isStopping = () => false, failing = {} }: Parts = {}) {
  const parts = { ...store, ...failing }
  return createEraseUser({
    ...createEraseConsent({ store: parts, codec, keyring, log }),
    eraseSubscriptions: () => Promise.resolve(0),
    eraseMessages: createEraseMessages({
      store: parts,
      sealer,
      createNotice: undefined,
      backlog: { remove: () => undefined },
      workers: { wake: () => undefined },
      log,
    }),
    isStopping,
    log,
  })
}

function messageOf(userId: string) {
  return messageTo('v1', { kind: 'triple', userId, postToken: 'p', peerId: 'peer' })
}

function messageTo(wire: 'v1' | 'v2', address: Message['address']) {
  const id = newId('msg')
  const text = writePayload({
    message: { address, content: { kind: 'text', text: 'x' } },
    credential: { kind: 'grant', sender: {} },
    caller: 'orders',
  })
  return newMessage({ id, wire, body: sealer.seal('body', id, text) })
}

/** Stores a grant of this user for one conversation. */
async function addGrantOf(store: Store, userId: string, conversationId: string) {
  const id = newId('grt')
  const granted = { userId, scopes: [{ kind: 'conversation' as const, conversationId }] }
  const content = codec.seal(id, { ...granted, accessToken: 'a', refreshToken: undefined })
  await store.addGrant({ id, content, names: codec.namesOf(granted), accessMs: 60_000, refreshMs: undefined })
}

const many = (count: number, userId: string) => Array.from({ length: count }, () => messageOf(userId))

describe.each(['sqlite', 'postgres'] as const)('an erasure on %s', (kind) => {
  test('that does not finish says so, and the next calls finish it', async () => {
    const store = await newStore(kind)
    await store.accept(many(350, 'u-1'))
    const interrupted = eraserOf(store, { isStopping: () => true })
    expect(await interrupted('u-1')).toEqual({ ...NOTHING, messages: 100, left: true })
    const eraseUser = eraserOf(store)
    let messages = 0
    let again: ErasedUser
    do {
      again = await eraseUser('u-1')
      messages += again.messages
    } while (again.left)
    expect(messages).toBe(250)
    expect(await eraserOf(store)('u-1')).toEqual(NOTHING)
  })

  test('that does not finish ends the grants, and a repeat still finds the messages that go by them', async () => {
    const store = await newStore(kind)
    await addGrantOf(store, 'u-1', 'c-own')
    const unnamed = (conversationId: string) => messageTo('v2', { kind: 'conversation', conversationId })
    const others = Array.from({ length: 120 }, () => unnamed('c-other'))
    await store.accept([...others, unnamed('c-own')])
    const interrupted = await eraserOf(store, { isStopping: () => true })('u-1')
    expect(interrupted).toMatchObject({ grants: 1, left: true })
    const { grants } = await store.listGrants(codec.names.user('u-1'), { cursor: undefined, limit: 10 })
    expect(grants).toEqual([])
    // Another gateway, or the same one after a restart.
    const finished = await eraserOf(store)('u-1')
    expect(finished).toEqual({ ...NOTHING, messages: 1 - interrupted.messages })
    expect(await store.endGrants(codec.names.user('u-1'), 0, 10)).toEqual([])
  })

  test('that never has time for more than one batch finishes after some calls, however many messages of others wait', async () => {
    const store = await newStore(kind)
    await store.accept([...many(250, 'u-2'), ...many(1, 'u-1'), ...many(60, 'u-2')])
    const hurried = eraserOf(store, { isStopping: () => true })
    let erased = await hurried('u-1')
    let calls = 1
    for (; erased.left && calls < 20; calls += 1) erased = await hurried('u-1')
    expect([erased.left, calls]).toEqual([false, 4])
    expect(await eraserOf(store)('u-1')).toEqual(NOTHING)
  })

  test('that loses the store midway reports what it did, and is left to repeat', async () => {
    const store = await newStore(kind)
    await store.accept(many(150, 'u-1'))
    let batches = 0
    const eraseMessages: Store['eraseMessages'] = (erasures) => {
      batches += 1
      return batches === 1 ? store.eraseMessages(erasures) : Promise.reject(new StoreError('away', undefined))
    }
    const losing = eraserOf(store, { failing: { eraseMessages } })
    expect(await losing('u-1')).toEqual({ ...NOTHING, messages: 100, left: true })
    expect(await eraserOf(store)('u-1')).toEqual({ ...NOTHING, messages: 50 })
  })

  test('counts rows that it cannot open, and leaves them and the messages of others', async () => {
    const store = await newStore(kind)
    // Sealed under a key that is not there.
    await store.accept([newMessage(), ...many(2, 'u-2'), ...many(1, 'u-1')])
    expect(await eraserOf(store)('u-1')).toEqual({ ...NOTHING, messages: 1, unreadable: 1 })
    expect(await store.findContents('open', undefined, 10)).toHaveLength(3)
  })

  test('repeated beside itself ends each message once', async () => {
    const store = await newStore(kind)
    await store.accept(many(150, 'u-1'))
    const both = await Promise.all([eraserOf(store)('u-1'), eraserOf(store)('u-1')])
    expect(both.map(({ left }) => left)).toEqual([false, false])
    expect(both.reduce((sum, { messages }) => sum + messages, 0)).toBe(150)
  })
})
