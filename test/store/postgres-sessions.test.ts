import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { startDatabaseProxy } from '../support/database-proxy.ts'
import { DATABASES, newDatabase, query } from '../support/databases.ts'
import { closeStore, newMessage, openAt } from '../support/stores.ts'

const MINUTE_MS = 60_000
/** The one that serves calls, and the one that listens. */
const SESSIONS = `select pid from pg_stat_activity where datname = current_database() and state = 'idle'
  and (application_name = 'kenar-chat-gateway' or query = 'listen kenar_outbox') order by pid`

const postgres = DATABASES.includes('postgres') ? describe : describe.skip

postgres('a session of PostgreSQL', () => {
  test('gives up a statement after 5 s, and a transaction that is left open after 10 s', async () => {
    const limited = await newDatabase('postgres')
    const itsStore = await openAt(limited)
    await query(limited, 'create table limits (statement text, transaction text)')
    await query(
      limited,
      `create function note_limits() returns trigger language plpgsql as $$ begin
        insert into limits values
          (current_setting('statement_timeout'), current_setting('idle_in_transaction_session_timeout'));
        return new;
      end $$`,
    )
    await query(limited, 'create trigger note before insert on message for each row execute function note_limits()')
    await itsStore.accept([newMessage()])
    expect(await query(limited, 'select * from limits')).toEqual([{ statement: '5s', transaction: '10s' }])
  })
})

postgres('as time passes, PostgreSQL', () => {
  /** Time passes when the test says so; PostgreSQL takes as long as it takes. */
  beforeEach(() => void jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] }))
  afterEach(() => void jest.useRealTimers())

  test('replaces every session after 15 minutes, so that it follows a name that leads to another server', async () => {
    const own = await newDatabase('postgres')
    const itsStore = await openAt(own)
    const sessionsOtherThan = async (...pids: unknown[]) => {
      for (;;) {
        const found = (await query(own, SESSIONS)).map(({ pid }) => pid).filter((pid) => !pids.includes(pid))
        if (found.length === 2) return found
      }
    }
    const pass = async (minutes: number) => {
      // A session that is idle for 10 s would end by itself.
      for (let ms = 0; ms < minutes * MINUTE_MS; ms += 5000) {
        await itsStore.ping()
        await jest.advanceTimersByTimeAsync(5000)
      }
      await itsStore.ping()
    }
    await pass(0)
    const first = await sessionsOtherThan()
    await pass(14)
    expect(await sessionsOtherThan()).toEqual(first)
    await pass(2)
    await sessionsOtherThan(...first)
    const woken = new Promise<void>((resolve) => {
      itsStore.onQueued(resolve)
    })
    await query(own, 'notify kenar_outbox')
    await woken
    await closeStore(itsStore)
  })

  test('ends connections on which nothing arrives any more, and serves the next call', async () => {
    const proxy = await startDatabaseProxy(await newDatabase('postgres'))
    const itsStore = await openAt(proxy.url)
    // As many as the pool has.
    const callAll = () => Promise.allSettled(Array.from({ length: 10 }, () => itsStore.ping()))
    await callAll()
    proxy.stall()
    const hung = callAll()
    await jest.advanceTimersByTimeAsync(10_000)
    for (const call of await hung) expect(call).toMatchObject({ reason: { name: 'StoreError' } })
    await itsStore.ping()
    proxy.cutStalled()
    await closeStore(itsStore)
  })
})
