import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import pg from 'pg'
import { newId } from '../../src/base/id.ts'
import type { Store } from '../../src/store/store.ts'
import { trustClock } from '../support/clock.ts'
import { DATABASES, newDatabase, query } from '../support/databases.ts'
import { addGrant, foundGrant } from '../support/grants.ts'
import { eventually } from '../support/outbox.ts'
import { ALL, MINUTE_MS, openAt, sealed, textOf } from '../support/stores.ts'

const WAITING = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
const FAR = 9_999_999_999_999

// An empty table of tests is an error, and so is a file without tests.
const postgres = DATABASES.includes('postgres') ? describe : describe.skip

postgres('an expired row on PostgreSQL, whose expiry another gateway extends at the same moment,', () => {
  let url: string
  let store: Store
  /** The other gateway, in the middle of its commit. */
  let beside: pg.Client
  beforeAll(async () => {
    url = await newDatabase('postgres')
    store = await openAt(url)
    beside = new pg.Client({ connectionString: url })
    await beside.connect()
  })
  afterAll(() => beside.end())
  beforeEach(() => store.expire(ALL))

  /** Expires while this change is made and not yet committed. */
  async function expireDuring(change: string): Promise<number> {
    await trustClock(store)
    await beside.query('begin')
    await beside.query(change)
    const expiring = store.expire(ALL)
    await eventually(async () => (await query(url, WAITING))[0], 'it waits for the other')
    await beside.query('commit')
    return expiring
  }

  test('is kept: a click that is saved again', async () => {
    const id = newId('clk')
    await store.saveClick(id, sealed('a click'), 0)
    expect(await expireDuring(`update click set expires_at = ${FAR} where id = '${id}'`)).toBe(0)
    expect(textOf(await store.findClick(id))).toBe('a click')
  })

  test('is kept: a grant that is refreshed', async () => {
    const { id } = await addGrant(store)
    await query(url, `update user_grant set ends_at = 0 where id = '${id}'`)
    expect(await expireDuring(`update user_grant set ends_at = ${FAR} where id = '${id}'`)).toBe(0)
    expect(await foundGrant(store, id)).toMatchObject({ id })
  })

  test('is wiped as a previous pair, but not the pair that has just become the previous one', async () => {
    const { id } = await addGrant(store)
    await store.claimRefresh(id, 1, 'gw-1', MINUTE_MS)
    const pair = { content: sealed('second pair'), previous: sealed('first pair') }
    await store.commitRefresh({
      id,
      version: 1,
      owner: 'gw-1',
      ...pair,
      accessMs: MINUTE_MS,
      refreshMs: undefined,
      previousMs: 0,
    })
    expect(await expireDuring(`update user_grant set previous_until = ${FAR} where id = '${id}'`)).toBe(0)
    expect(textOf((await foundGrant(store, id)).previous)).toBe('first pair')
  })
})
