import { execFile } from 'node:child_process'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, jest, test } from '@jest/globals'
import type { Environment } from '../../src/config/config.ts'
import {
  clickMenu,
  messageTo,
  sendWithoutToken,
  startConsentDivar,
  completeFlow,
  withConsent,
} from '../support/consent.ts'
import { DATABASES, newDatabase, newFolder, query } from '../support/databases.ts'
import { readText } from '../support/deploy.ts'
import {
  ask,
  eventually,
  idOf,
  listMessages,
  startOn,
  retryOrCancel,
  textsReceivedBy,
  until,
  type Reachable,
} from '../support/outbox.ts'
import { hasProgram } from '../support/programs.ts'
import { parseJson } from '../support/requests.ts'

const run = promisify(execFile)
/** A closed port: queued messages stay queued. */
const NOBODY = { DIVAR_V1_API_URL: 'http://127.0.0.1:9', DIVAR_API_URL: 'http://127.0.0.1:9' }

/** However long a copy takes, what was tried meanwhile is tried again soon. */
const SOON = { RETRY_MAX_MS: '4000' }

/** Longer than anything here takes, also on a machine that does much else. */
const PATIENCE_MS = 60_000
jest.setTimeout(3 * PATIENCE_MS)

const documented = [...readText('docs/store.md').matchAll(/```sh\n(.*?)```/gs)].map(([, command = '']) => command)

/** The commands in docs/store.md that begin like this, unchanged. */
function commandsOf(program: string): string {
  const found = documented.find((command) => command.startsWith(program))
  if (found === undefined) throw new Error(`docs/store.md shows no ${program}`)
  return found
}

function shell(script: string, environment: Environment, cwd: string): Promise<unknown> {
  return run('bash', ['-euo', 'pipefail', '-c', script], { cwd, env: { PATH: process.env['PATH'], ...environment } })
}

/** A way to take a copy while the gateway works, and to bring it back once it has stopped. */
type Backup = {
  environment: Environment
  take: () => Promise<void>
  /** Everything is lost; the copy takes its place. Answers where the store is then. */
  restore: () => Promise<string>
}

async function copies(store: string): Promise<Backup> {
  const folder = await newFolder()
  const file = fileURLToPath(store)
  const newest = async () =>
    (await readdir(folder))
      .filter((name) => name.endsWith('.db'))
      .sort()
      .at(-1) ?? ''
  return {
    environment: { BACKUP_DIR: folder },
    take: () => Promise.resolve(),
    restore: async () => {
      for (const suffix of ['', '-wal']) await rm(file + suffix, { force: true })
      const script = commandsOf('cp ')
        .replace(/\S*gateway-\S+\.db/, join(folder, await newest()))
        .replaceAll('/data/gateway.db', file)
      await shell(script, {}, folder)
      return store
    },
  }
}

async function dump(store: string): Promise<Backup> {
  const folder = await newFolder()
  return {
    environment: {},
    take: async () => {
      await shell(commandsOf('pg_dump '), { DATABASE_URL: store }, folder)
    },
    restore: async () => {
      const empty = await newDatabase('postgres')
      await shell(commandsOf('pg_restore '), { DATABASE_URL: empty }, folder)
      // The copy may hold the lease of the gateway that it was taken beside, which runs on: time passes.
      await query(empty, 'update gateway set lease_until = 0')
      return empty
    },
  }
}

const canDump = (await hasProgram('pg_dump', 'PostgreSQL is not restored')) && DATABASES.includes('postgres')
const kinds = canDump ? DATABASES : DATABASES.filter((kind) => kind === 'sqlite')

async function arrived(gateway: Reachable, id: string): Promise<void> {
  await until(gateway, id, 'delivered', undefined, PATIENCE_MS)
}

/** A gateway has a grant, a click and two queued messages; then its database is lost and restored from the backup. */
async function lostAndRestored(kind: 'sqlite' | 'postgres') {
  const { divar } = await startConsentDivar()
  const environment: Environment = { ...(await withConsent(divar.url, { on: kind })), ...SOON }
  const store = environment['DATABASE_URL'] ?? ''
  const backup = await (kind === 'sqlite' ? copies(store) : dump(store))
  const walked = await startOn(environment)
  const landing = await completeFlow(await clickMenu({ url: walked.url, divar }))
  const [clickId = ''] = /clk_[\w-]{24}/.exec(landing.location) ?? []
  await walked.stop()

  const owing = await startOn(environment, NOBODY)
  // Of an attempt that the copy caught in its middle a restored gateway knows no end: it is to try again.
  const owe = async (text: string) => {
    const message = { ...messageTo(divar, text), delivery: 'at-least-once' }
    return idOf(await sendWithoutToken(owing, message, { headers: { prefer: 'respond-async' } }))
  }
  const owed = [await owe('first'), await owe('second')] as const
  await owing.stop()
  // The copy is taken of a store that is at work.
  const copied = await startOn(environment, { ...NOBODY, ...backup.environment })
  if (kind === 'sqlite') await copied.logged('store.backed_up')
  await backup.take()
  await copied.stop()

  const restored = await backup.restore()
  return {
    divar,
    owed,
    clickId,
    start: (more: Environment = {}) => startOn({ ...environment, ...more, DATABASE_URL: restored }),
  }
}

describe.each(kinds)('a store on %s that was lost and restored as docs/store.md says', (kind) => {
  test('has its messages, clicks and grants: queued messages arrive in order, sent with the grant', async () => {
    const { divar, owed, clickId, start } = await lostAndRestored(kind)
    const gateway = await start()
    for (const id of owed) await arrived(gateway, id)
    expect(textsReceivedBy(divar)).toEqual(['first', 'second'])
    const click = await ask(gateway, `/clicks/${clickId}`)
    expect([click.status, parseJson(click.text)['id']]).toEqual([200, clickId])
    expect((await sendWithoutToken(gateway, messageTo(divar, 'third'))).status).toBe(200)
    expect(textsReceivedBy(divar)).toEqual(['first', 'second', 'third'])
  })

  test('can be inspected before anything is sent, and messages that arrived since the backup can be cancelled', async () => {
    const { divar, owed, start } = await lostAndRestored(kind)
    const [, address = ''] = /DIVAR_V1_API_URL=(\S+) DIVAR_API_URL=\1/.exec(readText('docs/store.md')) ?? []
    const held = await start({ DIVAR_V1_API_URL: address, DIVAR_API_URL: address })
    const { messages } = await listMessages(held)
    expect(messages.map(({ id }) => id).sort()).toEqual([...owed].sort())
    for (const { state } of messages) expect(['queued', 'sending']).toContain(state)
    // Between two attempts, of which none gets anywhere.
    const cancelled = async () => ((await retryOrCancel(held, owed[0], 'cancel')).status === 200 ? true : undefined)
    await eventually(cancelled, 'the cancellation', PATIENCE_MS)
    await held.stop()
    const gateway = await start()
    await arrived(gateway, owed[1])
    expect(textsReceivedBy(divar)).toEqual(['second'])
  })
})
