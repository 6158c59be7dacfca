import { describe, expect, test } from '@jest/globals'
import type { ContentSet, StoredContent } from '../../src/store/erasure-store.ts'
import type { Store } from '../../src/store/store.ts'
import { addGrant, nameOf } from '../support/grants.ts'
import {
  acceptedAndClaimed,
  claimed,
  finish,
  idsOf,
  newLine,
  newMessage,
  newStore,
  sealed,
  textOf,
} from '../support/stores.ts'

/** Reads a set in batches of two, as an erasure does in larger ones. */
async function readAll(store: Store, set: ContentSet): Promise<StoredContent[]> {
  const all: StoredContent[] = []
  for (;;) {
    const batch = await store.findContents(set, all.at(-1)?.position, 2)
    all.push(...batch)
    if (batch.length < 2) return all
  }
}

const sorted = (ids: readonly string[]) => ids.toSorted()

describe.each(['sqlite', 'postgres'] as const)('erasure on %s', (kind) => {
  test('every message with content is found once, in one of the sets', async () => {
    const store = await newStore(kind)
    const ended = [newMessage(), newMessage(), newMessage()]
    await store.accept(ended)
    await finish(store, await claimed(store), { next: { state: 'rejected' } })
    const delivered = await acceptedAndClaimed(store)
    await finish(store, [delivered])
    const line = newLine(3)
    const others = [newMessage(), newMessage(), newMessage({ wire: 'webhook' })]
    await store.accept([...line, ...others])
    const sending = newMessage({ leasedTo: 'gw-1' })
    await store.accept([sending])
    expect(sorted(idsOf(await readAll(store, 'ended')))).toEqual(sorted(idsOf(ended)))
    expect(sorted(idsOf(await readAll(store, 'open')))).toEqual(sorted(idsOf([...line, ...others.slice(0, 2)])))
    const [found] = await readAll(store, 'sending')
    expect(found).toMatchObject({ id: sending.id, caller: 'orders', wire: 'v2', requestId: 'req_1', attempts: 0 })
    expect(textOf(found?.body)).toBe(`body of ${sending.id}`)
  })

  test('queued messages end, ended ones are wiped, and the conversation goes on', async () => {
    const store = await newStore(kind)
    const ended = await acceptedAndClaimed(store)
    await finish(store, [ended], { next: { state: 'failed' } })
    const sending = await acceptedAndClaimed(store)
    const [first, second, third] = newLine(3)
    if (first === undefined || second === undefined || third === undefined) throw new Error('expected three')
    await store.accept([first, second, third])
    const all = [...(await readAll(store, 'open')), ...(await readAll(store, 'ended'))]
    const erasures = all.filter(({ id }) => id !== second.id)
    const results = await store.eraseMessages(erasures)
    expect(new Map(results.map(({ id, result }) => [id, result]))).toEqual(
      new Map([
        [ended.id, 'wiped'],
        [sending.id, 'sending'],
        [first.id, 'ended'],
        [third.id, 'ended'],
      ]),
    )
    expect(await store.find('orders', first.id)).toMatchObject({ state: 'cancelled', wiped: true })
    expect(await store.find('orders', ended.id)).toMatchObject({ state: 'failed', wiped: true })
    expect(idsOf(await claimed(store))).toEqual([second.id])
    // Repeated, it finds nothing to do.
    expect((await store.eraseMessages(erasures)).map(({ result }) => result)).not.toContain('ended')
    expect(await store.eraseMessages([{ id: 'msg_none', caller: 'orders', conversation: 'c' }])).toEqual([
      { id: 'msg_none', result: 'gone' },
    ])
  })

  test('status webhooks are stored in the same commit', async () => {
    const store = await newStore(kind)
    const queued = newMessage()
    await store.accept([queued])
    const notices = { cancelled: newMessage({ wire: 'webhook' }), unknown: newMessage({ wire: 'webhook' }) }
    await store.eraseMessages((await readAll(store, 'open')).map((one) => ({ ...one, notices })))
    expect(idsOf(await claimed(store, 'gw-1', 10, 'webhook'))).toEqual([notices.cancelled.id])
  })

  test('grants of a name are ended and returned until they are deleted, also under the name of an older key, and no others', async () => {
    const store = await newStore(kind)
    const own = [
      await addGrant(store, { names: [nameOf('user', 'one'), nameOf('scope', 'x')] }),
      await addGrant(store, { names: [nameOf('user', 'one', ['key-0'])], accessMs: -1, refreshMs: undefined }),
    ]
    const other = await addGrant(store, { names: [nameOf('user', 'two'), nameOf('scope', 'x')] })
    const { macs } = nameOf('user', 'one', ['key-1', 'key-0'])
    const first = await store.endGrants(macs, 0, 1)
    expect(first).toMatchObject([{ id: own[0]?.id, isEndedNow: true }])
    expect(await store.endGrants(macs, first[0]?.seq ?? 0, 10)).toMatchObject([{ id: own[1]?.id, isEndedNow: true }])
    expect(await store.endGrants(macs, 0, 10)).toMatchObject(own.map(({ id }) => ({ id, isEndedNow: false })))
    await store.deleteEndedGrants([...own, other].map(({ id }) => id))
    expect(await store.endGrants(macs, 0, 10)).toEqual([])
    expect(await store.findGrant(other.id)).toBeDefined()
  })

  test('a grant that was ended is not found, listed, counted or refreshed any more, and a new one leaves it', async () => {
    const store = await newStore(kind)
    const names = [nameOf('user', 'one'), nameOf('owned', 'x'), nameOf('scope', 'x')]
    const { id } = await addGrant(store, { names, refreshMs: 1000 })
    const macs = names.flatMap((name) => name.macs)
    await store.endGrants(nameOf('user', 'one').macs, 0, 10)
    expect(await store.findGrant(id)).toBeUndefined()
    expect(await store.findGrantsByName(macs, 10)).toEqual([])
    expect((await store.listGrants(macs, { cursor: undefined, limit: 10 })).grants).toEqual([])
    expect(await store.countGrants()).toBe(0)
    expect(await store.findExpiringGrants(60_000, 10)).toEqual([])
    expect(await store.claimRefresh(id, 0, 'gw-1', 1000)).toEqual({ kind: 'gone' })
    const later = await addGrant(store, { names })
    expect(idsOf(await store.endGrants(nameOf('user', 'one').macs, 0, 10))).toEqual([id, later.id])
  })

  test('open authorization flows are read in batches, and deleted with their openings', async () => {
    const store = await newStore(kind)
    const begin = (id: string) =>
      store.addConsent({ id, state: `s-${id}`, content: sealed(id), openMs: 60_000, startedBy: 'click', maxOpen: 9 })
    for (const id of ['cns_c', 'cns_a', 'cns_b']) await begin(id)
    await store.openConsent('cns_a', { state: 'o', browser: 'b', content: sealed('o') }, 60_000)
    expect(idsOf(await store.findConsents('', 2))).toEqual(['cns_a', 'cns_b'])
    expect(idsOf(await store.findConsents('cns_b', 2))).toEqual(['cns_c'])
    expect(await store.deleteConsents(['cns_a', 'cns_c'])).toBe(2)
    expect(await store.deleteConsents(['cns_a'])).toBe(0)
    expect(await store.endConsent('s-cns_a', 'b')).toEqual({ kind: 'none' })
    expect(idsOf(await store.findConsents('', 2))).toEqual(['cns_b'])
  })
})
