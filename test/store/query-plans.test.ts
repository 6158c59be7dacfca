import { fileURLToPath } from 'node:url'
import SqliteFile from 'better-sqlite3'
import { Kysely, SqliteDialect, type CompiledQuery } from 'kysely'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import * as z from 'zod'
import { migrate } from '../../src/store/migrate.ts'
import { createQueries } from '../../src/store/queries/queries.ts'
import type { Schema } from '../../src/store/schema.ts'
import { describeDatabase } from '../../src/store/sqlite/open.ts'
import { newDatabase } from '../support/databases.ts'

const DAY_MS = 86_400_000

let file: SqliteFile.Database
let db: Kysely<Schema>
let queries: ReturnType<typeof createQueries>
const run: CompiledQuery[] = []

beforeAll(async () => {
  file = new SqliteFile(fileURLToPath(await newDatabase('sqlite')))
  db = new Kysely<Schema>({
    dialect: new SqliteDialect({ database: file }),
    log: ({ query }) => {
      run.push(query)
    },
  })
  await migrate(db, 'sqlite')
  queries = createQueries(describeDatabase(db, file))
})
afterAll(() => db.destroy())

const row = z.object({ detail: z.string() })
const index = z.object({ name: z.string() })

/** How SQLite reads messages in the statements that `call` runs, as `EXPLAIN QUERY PLAN` tells it. */
async function readsOf(call: () => Promise<unknown>): Promise<string[]> {
  run.length = 0
  await call()
  return [...run]
    .flatMap(({ sql: text, parameters }) => file.prepare(`explain query plan ${text}`).all(...parameters))
    .map((found) => row.parse(found).detail)
    .filter((detail) => /^(?:SCAN|SEARCH) message\b/.test(detail))
}

/** Indexes with a condition hold only rows that wait, run, or end; the others hold all that are kept. */
function smallIndexes(): string[] {
  const found = file.prepare(`select name from sqlite_master where type = 'index' and sql like '% where %'`).all()
  return found.map((one) => index.parse(one).name)
}

test.each<[string, () => Promise<unknown>]>([
  ['adopt', () => queries.adopt('gateway', 100)],
  ['backlog', () => queries.backlog()],
  ['claim, with the time of the next', () => queries.claim('gateway', 'v2', 32)],
  ['wipe', () => queries.wipe(500)],
  ['purge', () => queries.purge(7 * DAY_MS, 500)],
])('what a gateway does every few seconds never reads all stored messages: %s', async (_name, call) => {
  const reads = await readsOf(call)
  expect(reads).not.toEqual([])
  const allowed = smallIndexes()
  const whole = reads.filter((detail) => {
    const used = /USING (?:COVERING )?INDEX (\w+)/.exec(detail)?.[1]
    return detail.startsWith('SCAN') && (used === undefined || !allowed.includes(used))
  })
  expect(whole).toEqual([])
})
