import { describe, expect, test } from '@jest/globals'
import { DATABASES, newDatabase, query, TEST_KEY } from '../support/databases.ts'
import { V1, V2 } from '../support/messages.ts'
import { divarAt, post, queue, startDivar, startOn, until } from '../support/outbox.ts'
import { behindPgBouncer, hasPgBouncer } from '../support/pgbouncer.ts'

const pooled = DATABASES.includes('postgres') && hasPgBouncer ? describe : describe.skip

pooled('behind PgBouncer in transaction mode', () => {
  test.each([
    ['with its default configuration', 'default_pool_size = 3'],
    ['that ignores the settings of a new connection', 'ignore_startup_parameters = lock_timeout'],
  ])('two gateways share a database and report that they poll for messages every 2 s: %s', async (_, settings) => {
    const direct = await newDatabase('postgres')
    const store = { DATABASE_URL: await behindPgBouncer(direct, settings), TOKEN_ENCRYPTION_KEY: TEST_KEY }
    const divar = await startDivar()
    const [one, other] = await Promise.all([startOn(store, divarAt(divar)), startOn(store, divarAt(divar))])
    await one.logged('store.polled')
    const ids = await Promise.all(Array.from({ length: 30 }, (_, n) => queue(n % 2 === 0 ? one : other, V1)))
    for (const id of ids) await until(one, id, 'delivered')
    expect((await post(other, V2, { 'idempotency-key': 'k' })).status).toBe(200)
    expect((await post(one, V2, { 'idempotency-key': 'k' })).headers['idempotent-replayed']).toBe('true')
    const failures = [...one.lines(), ...other.lines()].filter(({ event }) => event === 'store.failed')
    expect(failures).toEqual([])
  })

  test("the gateway's settings do not affect other programs that share the sessions", async () => {
    const url = await behindPgBouncer(await newDatabase('postgres'), 'default_pool_size = 1')
    const divar = await startDivar()
    const gateway = await startOn({ DATABASE_URL: url, TOKEN_ENCRYPTION_KEY: TEST_KEY }, divarAt(divar))
    await until(gateway, await queue(gateway, V1), 'delivered')
    expect(await query(url, 'show statement_timeout')).toEqual([{ statement_timeout: '0' }])
    expect(await query(url, 'show lock_timeout')).toEqual([{ lock_timeout: '0' }])
    const locks = `select 1 from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`
    expect(await query(url, locks)).toEqual([])
  })
})
