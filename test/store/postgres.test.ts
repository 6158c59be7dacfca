import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import pg from 'pg'
import { newId } from '../../src/base/id.ts'
import { StoreError, type NewMessage, type Store } from '../../src/store/store.ts'
import { DATABASES, newDatabase, query } from '../support/databases.ts'
import { ALL, claimed, idsOf, MINUTE_MS, newMessage, openAt, sealed, claimLeftovers } from '../support/stores.ts'

const KILL_ALL =
  'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()'
const WAITING = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
const LISTENING = `select pid from pg_stat_activity where datname = current_database() and query like 'listen %' and state = 'idle'`
const WAIT_FOR_EACH_OTHER = `select 1 from pg_stat_activity one join pg_stat_activity other
  on one.pid = any(pg_blocking_pids(other.pid)) and other.pid = any(pg_blocking_pids(one.pid))`

// An empty table of tests is an error, and so is a file without tests.
const postgres = DATABASES.includes('postgres') ? describe : describe.skip

postgres('PostgreSQL', () => {
  let url: string
  let store: Store
  let other: Store
  /** Beside the stores, to hold locks. */
  let beside: pg.Client
  beforeAll(async () => {
    url = await newDatabase('postgres')
    store = await openAt(url)
    other = await openAt(url)
    beside = new pg.Client({ connectionString: url })
    await beside.connect()
  })
  afterAll(() => beside.end())
  beforeEach(() => claimLeftovers(store))

  /** Waits until a select returns this many rows. Not in a transaction, which would keep its first snapshot. */
  async function seen(statement: string, rows: number): Promise<Record<string, unknown>[]> {
    for (;;) {
      const found = await query(url, statement)
      if (found.length === rows) return found
    }
  }

  /** The result of a call that may first use connections that have ended unnoticed. */
  async function served<Result>(call: () => Promise<Result>): Promise<Result> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await call()
      } catch (error) {
        if (!(error instanceof StoreError) || tries === 20) throw error
      }
    }
  }

  test.each([
    ['no server is there', { port: '1' }, 'nothing listens at its address \\(ECONNREFUSED\\)', true],
    [
      'its host is not known',
      { hostname: 'no.such.host.invalid' },
      'its host name .* \\((ENOTFOUND|EAI_AGAIN)\\)',
      true,
    ],
    [
      'there is no such database',
      { pathname: '/no_such_database' },
      'there is no database of this name \\(3D000\\)',
      false,
    ],
    [
      'it refuses this user',
      { username: 'no_such_user', password: 'canary-of-a-password' },
      'the server (does not let this user in: it is unknown, or refused from here or without TLS|refuses the user name or the password) \\((28000|28P01)\\)',
      false,
    ],
    ['it has no TLS', { search: '?sslmode=verify-full' }, 'the server has no TLS, and DATABASE_URL asks for it', false],
    ['its sslmode is no known word', { search: '?sslmode=bogus' }, 'its sslmode must be one of disable, .*', false],
    [
      'the file of its certificate authority is missing',
      { search: '?sslmode=verify-full&sslrootcert=/no/such/file' },
      'a file or socket that DATABASE_URL names is not there \\(ENOENT\\)',
      false,
    ],
    [
      'it is asked for a parameter that it does not know',
      { search: '?options=-c%20no_such_parameter%3D1' },
      'the server refuses a statement that the gateway needs \\(42704\\)',
      false,
    ],
  ])('is not opened, with a message that contains no password, when %s', async (_, spoilt, why, isTemporary) => {
    const message = expect.stringMatching(new RegExp(`^PostgreSQL cannot be used: ${why}$`))
    const refused = openAt(Object.assign(new URL(url), spoilt).href)
    await expect(refused).rejects.toMatchObject({ name: 'StoreSetupError', message, isTemporary })
  })

  describe('with interrupted connections', () => {
    test('fails the running call without an effect and serves the next one', async () => {
      const [kept, lost] = [newMessage(), newMessage()]
      await store.accept([kept])
      await beside.query('begin')
      await beside.query('lock table message in exclusive mode')
      const calls = [store.accept([lost]), store.claim('gw-1', 'v2', 1), store.cancel('orders', kept.id)]
      const settled = Promise.allSettled(calls)
      await seen(WAITING, calls.length)
      await beside.query(KILL_ALL)
      for (const call of await settled)
        expect(call).toMatchObject({ status: 'rejected', reason: { name: 'StoreError' } })
      await beside.query('rollback')
      expect(await served(() => store.find('orders', lost.id))).toBeUndefined()
      expect(idsOf(await served(() => claimed(store)))).toEqual([kept.id])
    })

    test('has surely done nothing where a call only reads, and says that a write may have been done', async () => {
      await beside.query('begin')
      await beside.query('lock table user_grant in access exclusive mode')
      const reads = [store.findGrant('grt_1'), store.countGrants(), store.findGrantsByName(['mac'], 1)]
      const settled = Promise.allSettled([...reads, store.deleteGrant('grt_1')])
      await seen(WAITING, reads.length + 1)
      await beside.query(KILL_ALL)
      const outcomes = await settled
      await beside.query('rollback')
      const failed = (mayHaveCommitted: boolean) => ({ status: 'rejected', reason: { mayHaveCommitted } })
      expect(outcomes).toMatchObject([...reads.map(() => failed(false)), failed(true)])
    })

    test('fails in no other way, at any moment of the interruption', async () => {
      const over = new AbortController()
      const work = async () => {
        const accepted: string[] = []
        while (!over.signal.aborted) {
          const message = newMessage()
          const answer = await store.accept([message]).catch((error: unknown) => error)
          if (Array.isArray(answer)) accepted.push(message.id)
          else expect(answer).toBeInstanceOf(StoreError)
        }
        return accepted
      }
      const working = Promise.all([work(), work(), work()])
      for (let time = 0; time < 20; time += 1) await beside.query(KILL_ALL)
      over.abort()
      const accepted = (await working).flat()
      const { messages } = await served(() => store.list({ caller: 'orders', state: 'queued', limit: ALL }))
      expect(idsOf(messages)).toEqual(expect.arrayContaining(accepted))
    })
  })

  describe('with several gateways', () => {
    test('wakes the others when a message is queued, also after an interruption', async () => {
      const wakesOther = async () => {
        const woken = new Promise<void>((resolve) => {
          other.onQueued(resolve)
        })
        await store.accept([newMessage()])
        await woken
      }
      // Each store listens on a connection of its own.
      const listeners = (await seen(LISTENING, 2)).map(({ pid }) => String(pid))
      await wakesOther()
      await beside.query(KILL_ALL)
      await seen(`${LISTENING} and pid not in (${listeners.join()})`, 2)
      await wakesOther()
    })

    test('gets its schema once, for any number of simultaneous starts', async () => {
      const empty = await newDatabase('postgres')
      const [first, ...others] = await Promise.all([openAt(empty), openAt(empty), openAt(empty), openAt(empty)])
      for (const one of others) await one.accept([newMessage()])
      expect(await claimed(first)).toHaveLength(3)
    })

    test('gives each message to one of them', async () => {
      const messages = Array.from({ length: 60 }, () => newMessage())
      await store.accept(messages)
      const handed = await Promise.all(
        Array.from({ length: 20 }, (_, index) => claimed(index % 2 === 0 ? store : other, `gw-${index}`, 5)),
      )
      const left = await claimed(store)
      expect(idsOf([...handed.flat(), ...left]).sort()).toEqual(idsOf(messages).sort())
    })

    test('reserves an idempotency key once', async () => {
      const key = newId('req')
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? store : other).accept([keyed(key)])),
      )
      expect(answers.flat().filter(({ kind }) => kind === 'accepted')).toHaveLength(1)
    })

    test('never deadlocks, for any order of keys', async () => {
      const keys = ['a', 'm', 'z'].map((one) => `${one} of ${newId('req')}`)
      const held = `insert into idempotency values ('orders', $1, 'said', 'msg_none', null, null, 0)`
      await beside.query('begin')
      await beside.query(held, [keys[1]])
      const first = store.accept(keys.map(keyed))
      await seen(WAITING, 1)
      const both = Promise.all([first, other.accept(keys.toReversed().map(keyed))])
      await seen(WAITING, 2)
      await beside.query('rollback')
      const over = new AbortController()
      const answered = both.finally(() => {
        over.abort()
      })
      // The server looks for such a pair once a second only, so it would be seen.
      do expect(await query(url, WAIT_FOR_EACH_OTHER)).toEqual([])
      while (!over.signal.aborted)
      expect((await answered).flat().map(({ kind }) => kind)).toEqual([
        ...keys.map(() => 'accepted'),
        ...keys.map(() => 'replay'),
      ])
    })

    test('answers a repeat during the release of its key as if it came before', async () => {
      const key = newId('req')
      await store.accept([keyed(key)])
      await beside.query('begin')
      await beside.query('lock table message in exclusive mode')
      const accepting = other.accept([newMessage(), keyed(key)])
      await seen(WAITING, 1)
      await query(url, 'delete from idempotency where key = $1', [key])
      await beside.query('commit')
      expect(await accepting).toEqual([{ kind: 'accepted' }, { kind: 'running' }])
    })
  })
})

function keyed(key: string): NewMessage {
  const reply = sealed('reply')
  return newMessage({ idempotency: { key, fingerprints: ['said'], ttlMs: MINUTE_MS, reply } })
}
