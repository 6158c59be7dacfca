import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from '@jest/globals'
import { DATABASES } from '../support/databases.ts'
import { SERVER } from '../support/postgres-server.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../', import.meta.url))
const env = { ...process.env, PROVE_MAIN: `${root}src/main.ts`, PROVE_POSTGRES_URL: SERVER }

/** The short form of a program of prove/, on the sources. It exits with 1 when a guarantee is broken. */
async function prove(name: string, database: string): Promise<string> {
  const args = [`prove/${name}.ts`, '--short', '--database', database]
  const { stdout } = await run(process.execPath, args, { cwd: root, env })
  return stdout
}

test.each(DATABASES)(
  'on %s every place of the outbox takes messages to a slow Divar, and none is lost or sent twice',
  async (database) => {
    expect(await prove('deliveries', database)).toMatch(/share of what the places allow .*\n.* must be 107 +ok/)
  },
  120_000,
)

test.each(DATABASES)(
  'on %s all rows whose time is over are wiped and deleted while messages are accepted',
  async (database) => {
    expect(await prove('retention', database)).toMatch(/wiped and deleted in the end +all/)
  },
  120_000,
)

test('many failed messages are sent again in order and once, while new ones come and a kill cuts off a call', async () => {
  // On PostgreSQL, what a kill cuts off waits for the end of a lease.
  expect(await prove('bulk-retry', 'sqlite')).toMatch(/queued again by all calls +400 .* ok/)
}, 120_000)
