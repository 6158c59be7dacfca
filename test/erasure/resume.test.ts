import { randomBytes } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { createKeyring } from '../../src/base/keyring.ts'
import { newId } from '../../src/base/id.ts'
import { createGrantCodec } from '../../src/consent/grant.ts'
import { createEraseConsent } from '../../src/consent/erase-consent.ts'
import { createEraseUser } from '../../src/erasure/erase-user.ts'
import { createLogger } from '../../src/observability/log.ts'
import { createEraseMessages } from '../../src/outbox/erase-messages.ts'
import { createSealer, writePayload } from '../../src/outbox/payload.ts'
import { StoreError, type Store } from '../../src/store/store.ts'
import { NOTHING } from '../support/erasure.ts'
import { newMessage, newStore } from '../support/stores.ts'

const keyring = createKeyring([randomBytes(32)])
const sealer = createSealer(keyring)
const log = createLogger('silent')

type Parts = { isStopping?: () => boolean; failing?: Partial<Store> }

function eraserOf(store: Store, { isStopping = () => false, failing = {} }: Parts = {}) {
  const parts = { ...store, ...failing }
  return createEraseUser({
    ...createEraseConsent({ store: parts, codec: createGrantCodec(keyring), keyring, log }),
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
  const id = newId('msg')
  const text = writePayload({
    message: {
      address: { kind: 'triple', userId, postToken: 'p', peerId: 'peer' },
      content: { kind: 'text', text: 'x' },
    },
    credential: { kind: 'grant', sender: {} },
    caller: 'orders',
  })
  return newMessage({ id, wire: 'v1', body: sealer.seal('body', id, text) })
}

const many = (count: number, userId: string) => Array.from({ length: count }, () => messageOf(userId))

describe.each(['sqlite', 'postgres'] as const)('an erasure on %s', (kind) => {
  test('that does not finish says so, and the next calls finish it', async () => {
    const store = await newStore(kind)
    await store.accept(many(350, 'u-1'))
    const interrupted = eraserOf(store, { isStopping: () => true })
    expect(await interrupted('u-1')).toEqual({ ...NOTHING, messages: 100, left: true })
    expect(await eraserOf(store)('u-1')).toEqual({ ...NOTHING, messages: 250 })
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
