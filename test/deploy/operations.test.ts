import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { afterAll, describe, expect, jest, test } from '@jest/globals'
import { runCli } from '../support/command-line.ts'
import { DATABASES, newDatabase, query, TEST_KEY } from '../support/databases.ts'
import { KEYS } from '../support/gateway.ts'
import { chatMessage, divarAt, queue, startDivar, startOn, until } from '../support/outbox.ts'
import { dropDatabase, SERVER } from '../support/postgres-server.ts'
import { printedCommands, readPage } from '../support/printed-commands.ts'
import { hasProgram } from '../support/programs.ts'

jest.setTimeout(120_000)
const run = promisify(execFile)
const commands = printedCommands(readPage('docs/operations.md')).map(({ command }) => command)
/** Roles belong to the whole server. */
const name = `ops_${randomBytes(6).toString('hex')}`
const ROLES = ['a', 'b', 'app', 'owner'].map((role) => `${name}_${role}`)

/** The commands of docs/operations.md with this in them, as printed but for passwords and the names of the database and its roles. */
function printed(part: string): string {
  const command = commands.find((one) => one.includes(part))
  if (command === undefined) throw new Error(`docs/operations.md shows no command with ${part}`)
  return command.replaceAll(/\bgateway(?=_|\b)/g, name).replaceAll('change-me', 'filled-in')
}

function urlOf(role: string | undefined, database = name): string {
  const url = new URL(SERVER)
  if (role !== undefined) Object.assign(url, { username: `${name}_${role}`, password: `filled-in-${role}` })
  url.pathname = `/${database}`
  return url.href
}

async function shell(script: string): Promise<string> {
  const environment = { PATH: process.env['PATH'], ADMIN_URL: SERVER, OWNER_URL: urlOf('owner') }
  return (await run('bash', ['-euo', 'pipefail', '-c', script], { env: environment })).stdout
}

const canRun =
  (await hasProgram('psql', 'the commands of docs/operations.md are not run')) && DATABASES.includes('postgres')
const onPostgres = canRun ? describe : describe.skip

afterAll(async () => {
  if (!canRun) return
  await dropDatabase(name)
  for (const role of ROLES) await query(SERVER, `drop role if exists ${role}`)
})

onPostgres('the roles of docs/operations.md', () => {
  test('let the owner migrate, and others run, rotate their password and change no table', async () => {
    const divar = await startDivar()
    const start = (role: string) =>
      startOn({ DATABASE_URL: urlOf(role), TOKEN_ENCRYPTION_KEY: TEST_KEY }, divarAt(divar))
    const deliverOne = async (role: string) => {
      const gateway = await start(role)
      const headers = { 'x-access-token': KEYS.token }
      await until(gateway, await queue(gateway, chatMessage('c-1', `sent as ${role}`), headers), 'delivered')
      await gateway.stop()
    }
    await shell(printed('create role gateway_owner'))
    await expect(start('a')).rejects.toThrow('PostgreSQL cannot be used')
    await (await start('owner')).stop()
    // As if this version had one more migration than the database.
    const [last] = await query(
      urlOf('owner'),
      'delete from kysely_migration where name = (select max(name) from kysely_migration) returning name, timestamp',
    )
    await expect(start('a')).rejects.toThrow(/migration \d{4}-\S+ failed/)
    const done = [last?.['name'], last?.['timestamp']]
    await query(urlOf('owner'), 'insert into kysely_migration (name, timestamp) values ($1, $2)', done)
    await deliverOne('a')
    await expect(query(urlOf('a'), 'create table mine (id int)')).rejects.toThrow('permission denied')
    await expect(query(urlOf('a'), 'drop table message')).rejects.toThrow('must be owner')

    await shell(printed('on all tables in schema public'))
    await shell(printed('alter table message set'))
    expect(await shell(printed('from pg_stat_activity where xact_start'))).toContain('n_dead_tup')

    await shell(printed('create role gateway_b'))
    await deliverOne('b')
    expect(await shell(printed('select usename'))).not.toContain(`${name}_a`)
    await shell(printed('drop role gateway_a'))
    await deliverOne('b')
    await expect(query(urlOf('a'), 'select 1')).rejects.toThrow()
  })
})

test('docs/operations.md shows vacuum with an option that it has', async () => {
  const [, option = ''] = /vacuum (--\w+) file:/.exec(commands.join('')) ?? []
  const { code, out } = await runCli('vacuum', option, await newDatabase('sqlite'), '--help')
  expect([code, out.includes(option)]).toEqual([0, true])
})
