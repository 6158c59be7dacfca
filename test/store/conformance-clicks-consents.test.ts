import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { newId } from '../../src/base/id.ts'
import type { NewConsent } from '../../src/store/consent-store.ts'
import type { Store } from '../../src/store/store.ts'
import { trustClock } from '../support/clock.ts'
import { DATABASES } from '../support/databases.ts'
import { ALL, MINUTE_MS, newAlterableStore, sealed, textOf, type AlterableStore } from '../support/stores.ts'

/** Openings that a link has at once. */
const OPENINGS = 8

describe.each(DATABASES)('on %s', (kind) => {
  let at: AlterableStore
  let store: Store
  beforeAll(async () => {
    at = await newAlterableStore(kind)
  })
  beforeEach(async () => {
    store = at.store()
    await store.expire(ALL)
  })

  /** As if the time of these were over. */
  async function end(table: 'click' | 'consent', ...ids: string[]): Promise<void> {
    await at.alter(`update ${table} set expires_at = 0 where id in (${ids.map((id) => `'${id}'`).join()})`)
    store = at.store()
  }

  describe('a click', () => {
    const keep = async (text: string, ttlMs = MINUTE_MS, id = newId('clk')) => {
      await store.saveClick(id, sealed(text), ttlMs)
      return id
    }

    test('is found any number of times until it expires', async () => {
      const id = await keep('a click')
      for (const found of [await store.findClick(id), await store.findClick(id)]) {
        expect([found?.keyId, textOf(found)]).toEqual(['key-1', 'a click'])
      }
      await end('click', id)
      expect(await store.findClick(id)).toBeUndefined()
    })

    test('that was never saved is not found', async () => {
      expect(await store.findClick(newId('clk'))).toBeUndefined()
    })

    test('is not found once it has expired', async () => {
      const id = await keep('for no time', 0)
      await trustClock(store)
      expect(await store.findClick(id)).toBeUndefined()
    })

    test('saved again gets the newer expiry and content', async () => {
      const id = await keep('first', 0)
      await store.saveClick(id, sealed('second', 'key-2'), MINUTE_MS)
      const found = await store.findClick(id)
      expect([found?.keyId, textOf(found)]).toEqual(['key-2', 'second'])
      await keep('third', 0, id)
      await trustClock(store)
      expect(await store.findClick(id)).toBeUndefined()
    })

    test('saved many times at once is stored once', async () => {
      const id = newId('clk')
      await Promise.all(Array.from({ length: 20 }, (_, number) => keep(`click ${number}`, MINUTE_MS, id)))
      expect(textOf(await store.findClick(id))).toMatch(/^click \d+$/)
      await end('click', id)
      expect(await store.expire(ALL)).toBe(1)
    })

    test('that has expired is deleted, in limited batches, and no other is', async () => {
      const [live, ...over] = [await keep('live'), await keep('a', 0), await keep('b', 0), await keep('c', -MINUTE_MS)]
      await trustClock(store)
      expect([await store.expire(2), await store.expire(2), await store.expire(2)]).toEqual([2, 1, 0])
      expect(textOf(await store.findClick(live))).toBe('live')
      expect(await at.read(`select id from click where id in ('${over.join("', '")}')`)).toEqual([])
    })
  })

  describe('a consent', () => {
    const newConsent = (openMs = MINUTE_MS): NewConsent => {
      const id = newId('cns')
      const content = sealed(`flow of ${id}`)
      return { id, state: `state of ${id}`, content, openMs, startedBy: 'click', maxOpen: 1000 }
    }
    const begun = async (openMs?: number) => {
      const consent = newConsent(openMs)
      expect(await store.addConsent(consent)).toBe(true)
      return consent
    }
    const open = (id: string, browser: string, flowMs = MINUTE_MS) =>
      store.openConsent(id, { browser, state: stateOf(id, browser), content: sealed(`opening by ${browser}`) }, flowMs)
    const stateOf = (id: string, browser: string) => `state of ${id} in ${browser}`
    const opened = async (browser: string, flowMs = MINUTE_MS) => {
      const consent = await begun()
      expect(await open(consent.id, browser, flowMs)).toBeDefined()
      return consent
    }
    const NONE = { kind: 'none' }

    test('can be opened again and again, each time with its own state', async () => {
      const { id, state } = await begun()
      const first = await open(id, 'first')
      expect([first?.isFirst, first?.content.keyId, textOf(first?.content)]).toEqual([true, 'key-1', `flow of ${id}`])
      expect(await open(id, 'second')).toMatchObject({ isFirst: false })
      expect(await store.endConsent(state, 'second')).toEqual({ kind: 'other_browser', id })
      expect(await store.endConsent(stateOf(id, 'second'), 'first')).toEqual({ kind: 'other_browser', id })
      const ended = await store.endConsent(stateOf(id, 'second'), 'second')
      expect(ended.kind === 'ended' && [textOf(ended.content), textOf(ended.opening)]).toEqual([
        `flow of ${id}`,
        'opening by second',
      ])
      expect(await store.endConsent(state, 'first')).toEqual(NONE)
    })

    test('opened many times at once has one first opening, and each is valid', async () => {
      const { id } = await begun()
      const browsers = Array.from({ length: OPENINGS }, (_, number) => `browser ${number}`)
      const openings = await Promise.all(browsers.map((browser) => open(id, browser)))
      expect(openings.filter((one) => one?.isFirst === true)).toHaveLength(1)
      expect(await at.read(`select number from consent_opening where consent_id = '${id}'`)).toHaveLength(OPENINGS)
      store = at.store()
      const last = browsers.findLast((_, index) => openings[index]?.isFirst === false) ?? ''
      expect(await store.endConsent(stateOf(id, last), last)).toMatchObject({ kind: 'ended', id })
      expect(await at.read(`select number from consent_opening where consent_id = '${id}'`)).toEqual([])
    })

    test('that is opened too often loses its oldest openings', async () => {
      const { id, state } = await begun()
      for (let number = 0; number < OPENINGS + 2; number += 1) await open(id, `browser ${number}`)
      expect(await store.endConsent(state, 'browser 0')).toEqual(NONE)
      expect(await store.endConsent(stateOf(id, 'browser 1'), 'browser 1')).toEqual(NONE)
      expect(await store.endConsent(stateOf(id, 'browser 2'), 'browser 2')).toMatchObject({ kind: 'ended' })
    })

    test('that the previous version has created or opened can be opened and ended', async () => {
      const [unopened, there] = [await begun(), await begun()]
      await at.alter('update consent set link_until = null, begun_by = null')
      await at.alter(`update consent set browser = 'there' where id = '${there.id}'`)
      store = at.store()
      expect(await open(there.id, 'again')).toBeUndefined()
      expect(await store.endConsent(there.state, 'mine')).toMatchObject({ kind: 'other_browser' })
      expect(await store.endConsent(there.state, 'there')).toMatchObject({ kind: 'ended', id: there.id })
      expect(await open(unopened.id, 'first')).toMatchObject({ isFirst: true })
      expect(await open(unopened.id, 'second')).toMatchObject({ isFirst: false })
      expect(await store.endConsent(unopened.state, 'first')).toMatchObject({ kind: 'ended', id: unopened.id })
    })

    test('that was created here and opened by the previous version is ended in either browser', async () => {
      const { id, state } = await begun()
      await at.alter(`update consent set browser = 'there' where id = '${id}'`)
      store = at.store()
      expect(await open(id, 'here')).toMatchObject({ isFirst: false })
      expect(await store.endConsent(state, 'there')).toMatchObject({ kind: 'ended', id })
    })

    test('can be opened only until its link expires; an opening may last longer', async () => {
      const { id, state } = await opened('mine', 60 * MINUTE_MS)
      await at.alter(`update consent set link_until = 0 where id = '${id}'`)
      store = at.store()
      expect(await open(id, 'another')).toBeUndefined()
      expect(await store.endConsent(state, 'mine')).toMatchObject({ kind: 'ended' })
    })

    test('ends once, with its stored content', async () => {
      const { id, state } = await opened('mine')
      const ended = await store.endConsent(state, 'mine')
      expect(ended).toMatchObject({ kind: 'ended', id })
      expect(ended.kind === 'ended' && textOf(ended.content)).toBe(`flow of ${id}`)
      expect(await store.endConsent(state, 'mine')).toEqual(NONE)
      expect(await open(id, 'mine')).toBeUndefined()
    })

    test('is ended by one call, for any number of simultaneous tries', async () => {
      const { state } = await opened('mine')
      const tries = Array.from({ length: 20 }, () => store.endConsent(state, 'mine'))
      const kinds = (await Promise.all(tries)).map((one) => one.kind).sort()
      expect(kinds).toEqual(['ended', ...Array.from({ length: 19 }, () => 'none')])
    })

    test('is neither ended nor used up by another browser', async () => {
      const { id, state } = await opened('mine')
      expect(await store.endConsent(state, 'another')).toMatchObject({ kind: 'other_browser' })
      expect(await store.endConsent(state, '')).toMatchObject({ kind: 'other_browser' })
      expect(await store.endConsent(state, 'mine')).toMatchObject({ kind: 'ended', id })
    })

    test('is ended by its own state only', async () => {
      const [first, second] = [await opened('mine'), await opened('mine')]
      for (const state of ['', 'nobody’s', first.id]) expect(await store.endConsent(state, 'mine')).toEqual(NONE)
      expect(await store.endConsent(second.state, 'mine')).toMatchObject({ kind: 'ended', id: second.id })
      expect(await store.endConsent(first.state, 'mine')).toMatchObject({ kind: 'ended', id: first.id })
    })

    test('that was never opened cannot be ended, and can still be opened', async () => {
      const { id, state } = await begun()
      for (const browser of ['mine', '', 'null']) expect(await store.endConsent(state, browser)).toEqual(NONE)
      expect(await open(id, 'mine')).toBeDefined()
    })

    test('that has expired is neither opened nor ended', async () => {
      const [begunOne, openedOne] = [await begun(), await opened('mine')]
      await end('consent', begunOne.id, openedOne.id)
      expect(await open(begunOne.id, 'mine')).toBeUndefined()
      for (const browser of ['mine', 'another']) {
        expect(await store.endConsent(begunOne.state, browser)).toEqual(NONE)
        expect(await store.endConsent(openedOne.state, browser)).toEqual(NONE)
      }
    })

    test('expires at the time that its opening sets, earlier or later', async () => {
      const [late, early] = [await opened('mine', 0), await begun(500)]
      await trustClock(store)
      expect(await store.endConsent(late.state, 'mine')).toEqual(NONE)
      expect(await open(early.id, 'mine', 60 * MINUTE_MS)).toBeDefined()
      await at.alter(`update consent set expires_at = expires_at - ${MINUTE_MS} where id = '${early.id}'`)
      store = at.store()
      expect(await store.endConsent(early.state, 'mine')).toMatchObject({ kind: 'ended', id: early.id })
    })

    test('that has expired is deleted, in limited batches, and no other is', async () => {
      const over = [await begun(), await begun(), await opened('mine')]
      const live = [await begun(), await opened('mine')]
      await end('consent', ...over.map(({ id }) => id))
      expect([await store.expire(2), await store.expire(2), await store.expire(2)]).toEqual([2, 1, 0])
      const [waiting, walking] = live
      expect(await open(waiting?.id ?? '', 'mine')).toBeDefined()
      expect(await store.endConsent(walking?.state ?? '', 'mine')).toMatchObject({ kind: 'ended' })
      const rows = await at.read('select id from consent')
      for (const { id } of over) expect(rows).not.toContainEqual({ id })
    })

    test('is refused if its caller has too many open, without an effect on others', async () => {
      const ofCaller = { startedBy: 'caller:orders', maxOpen: 3 }
      const consents = Array.from({ length: 4 }, () => ({ ...newConsent(), ...ofCaller }))
      // In one commit.
      expect(await store.addConsents(consents)).toEqual([true, true, true, false])
      const refused = { ...newConsent(), ...ofCaller }
      expect(await store.addConsent(refused)).toBe(false)
      expect(await open(refused.id, 'mine')).toBeUndefined()
      for (const startedBy of ['click', 'caller:billing']) {
        expect(await store.addConsent({ ...newConsent(), startedBy, maxOpen: 1000 })).toBe(true)
      }
      await at.alter("update consent set expires_at = 0 where begun_by = 'caller:orders'")
      store = at.store()
      expect(await store.addConsent(refused)).toBe(true)
    })
  })
})
