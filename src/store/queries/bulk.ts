import { sql, type RawBuilder } from 'kysely'
import { MAX_COUNTED, type BulkFilter, type BulkFound } from '../bulk-store.ts'
import { isInTime, findCallers } from './callers.ts'
import { OPEN_IN_LINE, sealedIn, type Database, type Query } from './database.ts'
import { cancel, requeue, rowOf } from './messages.ts'

/** Messages that one call looks at. */
const MAX_FOUND = 50_000

export const findRetryable: Query<'findRetryable'> = async (database, filter, limit) => {
  const until = filter.until ?? (await readNow(database))
  const bounded = { ...filter, until }
  // Whatever has ended undelivered, and is not wiped, has a time when it will be.
  const ended: Search = {
    index: 'message_wipe',
    where: sql`wipe_at is not null and in_line = 1 and body is not null and ${isOneOf('state', filter.states)}
      and ${isInTime('finished_at', bounded)} and ${isOf(bounded)}`,
    order: sql`wipe_at`,
  }
  const found = await findFirst(database, limit, [ended])
  return { ...found, wiped: await countWiped(database, bounded), until }
}

export const findCancellable: Query<'findCancellable'> = async (database, filter, limit) => {
  const until = filter.until ?? (await readNow(database))
  const bounded = { ...filter, until }
  const isAsked = sql`${isInTime('created_at', bounded)} and ${isOf(bounded)}`
  const found = await findFirst(database, limit, [
    { index: 'message_line', where: sql`${OPEN_IN_LINE} and state = 'queued' and ${isAsked}`, order: sql`seq` },
    { index: 'message_timed', where: sql`state = 'timed' and ${isAsked}`, order: sql`seq` },
  ])
  return { ...found, wiped: 0, until }
}

async function readNow({ db, now }: Database): Promise<number> {
  return (await db.selectNoFrom(now.as('now')).executeTakeFirstOrThrow()).now
}

type Search = { index: string; where: RawBuilder<unknown>; order: RawBuilder<unknown> }

/** The first `limit` rows by acceptance. The index is that of rows to act on, so that a search does not read all that are kept. */
async function findFirst({ db, kind }: Database, limit: number, searches: readonly Search[]) {
  const parts = searches.map(({ index, where, order }) => {
    const indexed = kind === 'sqlite' ? sql`indexed by ${sql.ref(index)}` : sql``
    return sql`select seq from (
      select seq from message ${indexed} where ${where} order by ${order} limit ${sql.lit(MAX_FOUND)}
    ) ${sql.ref(`by_${index}`)}`
  })
  const { rows } = await sql<{ id: string; caller: string; finished_at: number | null; matching: number }>`
    with found as materialized (
      ${sql.join(parts, sql` union all `)}
    )
    select id, caller, finished_at, (select count(*) from found) as matching
    from message where seq in (select seq from found order by seq limit ${limit}) order by seq`.execute(db)
  return {
    messages: rows.map(({ id, caller, finished_at: finishedAt }) => ({ id, caller, finishedAt })),
    left: Math.min((rows[0]?.matching ?? 0) - rows.length, MAX_COUNTED),
  }
}

function isOneOf(column: string, values: readonly string[]) {
  return sql<boolean>`${sql.ref(column)} in (${sql.join([...values])})`
}

function isOf({ caller, wires }: BulkFilter) {
  const isWire = isOneOf('wire', wires)
  return caller === undefined ? isWire : sql<boolean>`${isWire} and caller = ${caller}`
}

/** Only those among the first of each caller and state: the first are the oldest, which are wiped. */
async function countWiped(
  database: Database,
  filter: BulkFilter & { states: readonly string[] },
): Promise<BulkFound['wiped']> {
  const callers = filter.caller === undefined ? await findCallers(database) : [filter.caller]
  if (callers.length === 0) return 0
  const firsts = callers.flatMap((caller) =>
    filter.states.map(
      (state) => sql`select count(*) as rows from (
        select body, finished_at, in_line, wire from message where caller = ${caller} and state = ${state}
        order by seq limit ${sql.lit(MAX_COUNTED)}
      ) first where body is null and in_line = 1 and ${isOneOf('wire', filter.wires)} and ${isInTime('finished_at', filter)}`,
    ),
  )
  const { rows } = await sql<{ wiped: number }>`
    select cast(coalesce(sum(rows), 0) as bigint) as wiped from (${sql.join(firsts, sql` union all `)}) counted`.execute(
    database.db,
  )
  return Math.min(rows[0]?.wiped ?? 0, MAX_COUNTED)
}

export const readContents: Query<'readContents'> = async ({ db }, ids) => {
  if (ids.length === 0) return []
  const rows = await db
    .selectFrom('message')
    .select(['id', 'caller', 'wire', 'conversation', 'attempts', 'body', 'body_key'])
    .where('id', 'in', [...ids])
    .execute()
  return rows.map(({ body, body_key, ...row }) => ({ ...row, body: sealedIn(body, body_key) }))
}

export const retryMessages: Query<'retryMessages'> = (database, retries, tryForMs) =>
  database.write(async (trx) => {
    // All at once, since a fixed order prevents deadlocks.
    await trx.lockConversations(
      trx.db,
      retries.flatMap(({ conversation, conversations }) => [conversation, ...conversations]),
    )
    const results: Awaited<ReturnType<Query<'retryMessages'>>> = []
    for (const { id, caller, finishedAt, conversations } of retries) {
      const row = await rowOf(trx, caller, id, { lock: true })
      if (row === undefined || row.finished_at === null || row.finished_at !== finishedAt) results.push('wrong_state')
      else if (row.body === null) results.push('wiped')
      else {
        await requeue(trx, row, tryForMs, conversations)
        results.push('changed')
      }
    }
    return results
  })

export const cancelMessages: Query<'cancelMessages'> = (database, cancels) =>
  database.write(async (trx) => {
    await trx.lockConversations(
      trx.db,
      cancels.map(({ conversation }) => conversation),
    )
    const results: Awaited<ReturnType<Query<'cancelMessages'>>> = []
    for (const { id, caller, notices } of cancels) {
      const changed = await cancel(trx, caller, id, notices)
      const state = changed?.kind === 'changed' ? changed.state : undefined
      results.push(state === 'cancelled' || state === 'unknown' ? state : 'wrong_state')
    }
    return results
  })
