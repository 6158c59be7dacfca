import { sql } from 'kysely'
import type { Database } from './database.ts'

/** More callers than a gateway has; SQLite joins at most 500 selections. */
const MAX_CALLERS = 60

/** The callers of stored messages, by one look into the index for each. */
export async function findCallers({ db }: Pick<Database, 'db'>): Promise<string[]> {
  const { rows } = await sql<{ caller: string }>`
    with recursive name (caller) as (
      select min(caller) from message
      union all
      select (select min(message.caller) from message where message.caller > name.caller) from name where name.caller is not null
    )
    select caller from name where caller is not null limit ${sql.lit(MAX_CALLERS)}`.execute(db)
  return rows.map(({ caller }) => caller)
}

/** @param time `since` and `until` are inclusive */
export function isInTime(column: string, { since, until }: { since?: number | undefined; until?: number | undefined }) {
  const from = since === undefined ? sql<boolean>`1 = 1` : sql<boolean>`${sql.ref(column)} >= ${since}`
  return until === undefined ? from : sql<boolean>`${from} and ${sql.ref(column)} <= ${until}`
}
