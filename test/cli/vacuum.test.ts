import { readdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from '@jest/globals'
import SqliteFile from 'better-sqlite3'
import * as z from 'zod'
import { vacuumSqlite } from '../../src/store/sqlite/vacuum.ts'
import { runCli } from '../support/command-line.ts'
import { newDatabase, TEST_KEY } from '../support/databases.ts'
import { KEYS } from '../support/gateway.ts'
import { chatMessage, listMessages, queue, startOn } from '../support/outbox.ts'

const ROWS = 2000
const ROW_BYTES = 4000
/** A closed port: queued messages stay queued. */
const AWAY = { DIVAR_V1_API_URL: 'http://127.0.0.1:9', DIVAR_API_URL: 'http://127.0.0.1:9' }

/** The file of a stopped gateway with a queued message, and with free pages for 8 MB that were deleted. */
async function fileWithFreePages() {
  const url = await newDatabase('sqlite')
  const environment = { DATABASE_URL: url, TOKEN_ENCRYPTION_KEY: TEST_KEY, ...AWAY }
  const gateway = await startOn(environment)
  const id = await queue(gateway, chatMessage('c-1', 'hello'), { 'x-access-token': KEYS.token })
  await gateway.stop()
  const path = fileURLToPath(url)
  const file = new SqliteFile(path)
  file.exec('create table filler (content blob)')
  const insert = file.prepare('insert into filler values (zeroblob(?))')
  file.transaction(() => {
    for (let row = 0; row < ROWS; row += 1) insert.run(ROW_BYTES)
  })()
  file.exec('drop table filler')
  file.close()
  return { url, path, id, environment }
}

describe('kenar-chat-gateway vacuum', () => {
  test('shrinks the file and says by how much; the gateway has its messages afterwards', async () => {
    const { url, path, id, environment } = await fileWithFreePages()
    const mode = statSync(path).mode
    const { code, out } = await runCli('vacuum', '--database', url, '--json')
    expect(code).toBe(0)
    const { before, after } = z.object({ before: z.number(), after: z.number() }).parse(JSON.parse(out))
    expect(before).toBeGreaterThan(ROWS * ROW_BYTES)
    expect(after).toBeLessThan(before / 10)
    expect([statSync(path).size, statSync(path).mode]).toEqual([after, mode])
    expect(readdirSync(dirname(path)).filter((name) => name.includes('vacuum'))).toEqual([])
    const gateway = await startOn(environment)
    expect((await listMessages(gateway)).messages.map((message) => message.id)).toEqual([id])
  })

  test('refuses a file that a gateway has open, and leaves it as it is', async () => {
    const { url, id, environment } = await fileWithFreePages()
    const gateway = await startOn(environment)
    const { code, err } = await runCli('vacuum', '--database', url)
    expect([code, err]).toEqual([1, expect.stringContaining('another process has this file open')])
    expect((await listMessages(gateway)).messages.map((message) => message.id)).toEqual([id])
  })

  test('refuses when the folder lacks space for the new file, and leaves the old one', async () => {
    const { path } = await fileWithFreePages()
    const before = statSync(path).size
    expect(() => vacuumSqlite(path, () => 1000)).toThrow(
      /expected \d+ free bytes in its folder for the new file, found 1000/,
    )
    expect([statSync(path).size, readdirSync(dirname(path))]).toEqual([before, ['gateway.db']])
  })

  test('creates no file, and refuses PostgreSQL', async () => {
    const missing = await newDatabase('sqlite')
    expect(await runCli('vacuum', '--database', missing)).toMatchObject({
      code: 1,
      err: expect.stringContaining('there is no such file'),
    })
    expect(readdirSync(dirname(fileURLToPath(missing)))).toEqual([])
    const { code, err } = await runCli('vacuum', '--database', 'postgres://127.0.0.1/gateway')
    expect([code, err]).toEqual([2, '--database: expected file:<path>; PostgreSQL vacuums itself'])
  })
})
