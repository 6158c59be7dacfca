import { sql } from 'kysely'
import { MAX_LOOKED_AT, type Standing } from '../attention-store.ts'
import type { MessageState, Wire } from '../store.ts'
import { OPEN_IN_LINE, type Database, type Query } from './database.ts'
import { readHold } from './rate-limit-hold.ts'

type Counted = { wire: Wire; state: MessageState; rows: number; since: number }

/** States of notices and events that are refused so far (queued), rejected, or given up. */
const FAILING: ReadonlySet<MessageState> = new Set(['queued', 'rejected', 'failed'])

export const readAttention: Query<'readAttention'> = async (database) => {
  const counted = [...(await countEnded(database)), ...(await countRefused(database))]
  const standing = (isOne: (one: Counted) => boolean): Standing => {
    const some = counted.filter(isOne)
    return {
      count: some.reduce((sum, { rows }) => sum + rows, 0),
      since: some.length === 0 ? null : Math.min(...some.map(({ since }) => since)),
    }
  }
  const isFailing = ({ state }: Counted) => FAILING.has(state)
  const isMessage = ({ wire }: Counted) => wire !== 'webhook' && wire !== 'event'
  return {
    failed: standing((one) => isMessage(one) && one.state === 'failed'),
    unknown: standing((one) => isMessage(one) && one.state === 'unknown'),
    expired: standing((one) => isMessage(one) && one.state === 'expired'),
    notices: standing((one) => one.wire === 'webhook' && isFailing(one)),
    events: standing((one) => one.wire === 'event' && isFailing(one)),
    pause: await readPause(database),
  }
}

/** Synchronous sends are left out: their caller has its answer. */
async function countEnded({ db }: Database): Promise<Counted[]> {
  const { rows } = await sql<Counted>`
    select wire, state, count(*) as rows, min(finished_at) as since from (
      select wire, state, finished_at from message where wipe_at is not null and in_line = 1
      order by wipe_at desc limit ${sql.lit(MAX_LOOKED_AT)}
    ) ended group by wire, state`.execute(db)
  return rows
}

/** Notices and events that are tried again. */
async function countRefused({ db }: Database): Promise<Counted[]> {
  const { rows } = await sql<Counted>`
    select wire, 'queued' as state, count(*) as rows, min(created_at) as since from (
      select wire, created_at from message where ${OPEN_IN_LINE} and wire in ('webhook', 'event') and attempts > 0
        and state = 'queued' limit ${sql.lit(MAX_LOOKED_AT)}
    ) refused group by wire`.execute(db)
  return rows
}

async function readPause(database: Database) {
  const hold = await readHold(database)
  if (hold === undefined) return undefined
  const row = await database.db.selectFrom('pause').select('set_at').executeTakeFirst()
  return { leftMs: hold.leftMs, since: row?.set_at ?? null }
}

export const readSize: Query<'readSize'> = async ({ db, kind }) => {
  const size =
    kind === 'sqlite'
      ? sql<{ bytes: number }>`select page_count * page_size as bytes from pragma_page_count(), pragma_page_size()`
      : sql<{ bytes: number }>`select cast(coalesce(sum(pg_total_relation_size(oid)), 0) as bigint) as bytes
          from pg_class where relnamespace = to_regnamespace(current_schema()::text) and relkind = 'r'`
  const { rows } = await size.execute(db)
  return rows[0]?.bytes ?? 0
}
