import { describe, expect, test } from '@jest/globals'
import { DATABASES, query, withStore } from '../support/databases.ts'
import { V1, V2 } from '../support/messages.ts'
import { divarAt, eventually, post, queue, startDivar, startOn, until } from '../support/outbox.ts'

/** Runs statements about a database over another one, since every session of its own would be ended. */
async function change(databaseUrl: string, ...settings: readonly string[]): Promise<void> {
  const server = new URL(databaseUrl)
  const name = server.pathname.slice(1)
  server.pathname = '/postgres'
  for (const setting of settings) await query(server.href, `alter database ${name} ${setting}`)
}

async function endSessions(databaseUrl: string): Promise<void> {
  const server = new URL(databaseUrl)
  const name = server.pathname.slice(1)
  server.pathname = '/postgres'
  await query(server.href, 'select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name])
}

/** What each spoils in the sessions that are made while it holds, and how it is taken back. */
const SPOILT = [
  ['read-only', 'set default_transaction_read_only = on', 'reset default_transaction_read_only'],
  ['under a role without permissions', "set role = 'pg_monitor'", 'reset role'],
  ['without a schema', 'set search_path = nowhere', 'reset search_path'],
] as const

describe.each(DATABASES.filter((kind) => kind === 'postgres'))('%s after a failover', (kind) => {
  test.each(SPOILT)(
    'accepts messages again, though all its sessions were opened while it was %s',
    async (_, spoil, restore) => {
      const divar = await startDivar()
      const store = await withStore(kind, divarAt(divar))
      const url = String(store['DATABASE_URL'])
      const gateway = await startOn(store)
      await change(url, spoil)
      await endSessions(url)
      // Each send fails on a session of its own, so that every session of the pool is from this time.
      await eventually(async () => {
        const answers = await Promise.all(
          Array.from({ length: 20 }, () => post(gateway, V1, { 'idempotency-key': 'k' })),
        )
        return answers.every(({ status }) => status === 503) ? true : undefined
      }, 'the store is away')
      await gateway.logged('store.away')
      await change(url, restore)
      await gateway.logged('store.up')
      const sends = await Promise.all(Array.from({ length: 20 }, () => post(gateway, V2, { prefer: 'respond-async' })))
      expect(new Set(sends.map(({ status }) => status))).toEqual(new Set([202]))
      await until(gateway, await queue(gateway, V1), 'delivered')
    },
  )

  test('writes only under the isolation level that the gateway relies on', async () => {
    const divar = await startDivar()
    const store = await withStore(kind, divarAt(divar))
    await change(String(store['DATABASE_URL']), `set default_transaction_isolation = 'serializable'`)
    const gateway = await startOn(store)
    const ids = await Promise.all(Array.from({ length: 20 }, () => queue(gateway, V1)))
    for (const id of ids) await until(gateway, id, 'delivered')
    expect(gateway.lines().filter(({ event }) => event === 'store.failed')).toEqual([])
  })
})
