import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, jest, test } from '@jest/globals'
import supertest from 'supertest'
import { newFolder, query, TEST_KEY } from '../support/databases.ts'
import { environment, KEYS } from '../support/gateway.ts'
import { V2 } from '../support/messages.ts'
import {
  ask,
  chatMessage,
  divarAt,
  hasAttempts,
  listMessages,
  post,
  queue,
  startDivar,
  startOn,
  until,
} from '../support/outbox.ts'
import { hasServerPrograms, startPrivatePostgres, type PrivatePostgres } from '../support/private-postgres.ts'
import { printedCommands, readPage } from '../support/printed-commands.ts'
import { spawnGateway } from '../support/process.ts'
import { click, CLICK } from '../support/requests.ts'
import { hasOpenssl, newCertificate } from '../support/self-signed.ts'

jest.setTimeout(120_000)
const OPERATIONS = readPage('docs/operations.md')
/** The variables with which a restore drill reaches nothing of Divar's. */
const UNREACHED = Object.fromEntries(
  [...OPERATIONS.matchAll(/(DIVAR_\w+)=(http:[^\s`]+)/g)].map(([, name = '', url]) => [name, url]),
)
const withServer = hasServerPrograms && hasOpenssl ? describe : describe.skip

test('a restore drill names every address of Divar that a gateway calls', () => {
  const addresses = readPage('docs/configuration.md').match(/^\| `DIVAR_\w*URL`/gm) ?? []
  expect(
    Object.keys(UNREACHED)
      .map((name) => `| \`${name}\``)
      .sort(),
  ).toEqual(addresses.sort())
})

withServer('with a PostgreSQL server that has a private CA', () => {
  let server: PrivatePostgres
  beforeAll(async () => {
    server = await startPrivatePostgres()
  })

  async function newStore(name: string) {
    await query(server.urlOf('postgres'), `create database ${name}`)
    return { DATABASE_URL: server.urlOf(name), TOKEN_ENCRYPTION_KEY: TEST_KEY }
  }

  /** The address that docs/operations.md shows, for this server. */
  function documentedUrl(caFile: string, host = 'localhost'): string {
    const [shown = ''] = /postgres:\S+sslrootcert=[^`]+/.exec(OPERATIONS) ?? []
    return shown
      .replace('gateway_a:<password>@db.internal:5432/gateway', `postgres@${host}:${server.port}/tls`)
      .replace('/etc/kenar/ca.pem', caFile)
  }

  test('a gateway uses it under the address of docs/operations.md, and not with another CA or host name', async () => {
    const store = await newStore('tls')
    await (await startOn({ ...store, DATABASE_URL: documentedUrl(server.caFile) })).stop()
    const other = (await newCertificate('/CN=another authority')).certFile
    const refused = [
      [documentedUrl(other), 'not signed by a known authority; name its authority by sslrootcert'],
      [documentedUrl(server.caFile, '127.0.0.1'), "the server's certificate is for another host name"],
      [`postgres://postgres@localhost:${server.port}/tls`, 'without TLS'],
    ]
    for (const [url = '', reason = ''] of refused) {
      const gateway = spawnGateway({ ...environment(), ...store, DATABASE_URL: url })
      expect(await gateway.exited).toBe(78)
      expect(gateway.stderr()).toContain(reason)
    }
  })

  test('that stops and starts again, a gateway serves what needs no store, loses nothing, and needs no restart', async () => {
    const divar = await startDivar()
    const gateway = await startOn(await newStore('failover'), { ...divarAt(divar), RETRY_MAX_MS: '1000' })
    divar.misbehave({ kind: 'answer', status: 500 })
    const owed = await queue(gateway, { ...chatMessage('c-2', 'before'), delivery: 'at-least-once' })
    await until(gateway, owed, 'queued', hasAttempts(1))
    await server.stop()
    await gateway.logged('store.away')
    expect((await click(gateway, CLICK)).status).toBe(200)
    expect((await post(gateway, V2)).status).toBe(200)
    expect((await post(gateway, V2, { prefer: 'respond-async' })).status).toBe(503)
    const ready = await supertest(gateway.internalUrl).get('/readyz')
    expect([ready.status, ready.text]).toEqual([200, expect.stringContaining('"store":"away"')])
    await server.start()
    await gateway.logged('store.up')
    await until(gateway, owed, 'delivered')
    await until(gateway, await queue(gateway, chatMessage('c-2', 'after')), 'delivered')
  })

  test('the backup of the Compose set-up is taken while the gateway runs, and restored, by the printed commands', async () => {
    const folder = await newFolder()
    await query(server.urlOf('postgres'), 'create role gateway superuser login')
    const store = await newStore('gateway')
    const printed = printedCommands(OPERATIONS).flatMap(({ command }) => (command.includes('compose') ? [command] : []))
    const [backUp = '', restore = ''] = printed
    // In the place of Compose: what it runs in the container runs here, on this server.
    const docker = 'docker() { if [ "$2" = exec ]; then shift 4; "$@"; else echo "$2 $3"; fi }\n'
    const env = { PATH: process.env['PATH'], PGHOST: 'localhost', PGPORT: String(server.port), PGSSLMODE: 'require' }
    const shell = (script: string) =>
      promisify(execFile)('bash', ['-euo', 'pipefail', '-c', docker + script], { cwd: folder, env })

    const before = await startOn(store, UNREACHED)
    const owed = await queue(before, { ...chatMessage('c-1', 'owed'), delivery: 'at-least-once' })
    await shell(backUp)
    const later = await queue(before, chatMessage('c-2', 'later'))
    await before.stop()
    expect((await shell(restore)).stdout).toBe('stop gateway\nstart gateway\n')
    await query(store.DATABASE_URL, 'update gateway set lease_until = 0')
    const drill = await startOn(store, UNREACHED)
    expect((await listMessages(drill)).messages.map(({ id }) => id)).toEqual([owed])
    await drill.stop()
    const divar = await startDivar()
    const after = await startOn(store, { ...divarAt(divar), RETRY_MAX_MS: '1000' })
    await until(after, owed, 'delivered')
    expect((await ask(after, `/messages/${later}`, KEYS.caller)).status).toBe(404)
  })
})
