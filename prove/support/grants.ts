import { newId } from '../../src/base/id.ts'
import { createKeyring, SealError } from '../../src/base/keyring.ts'
import { createGrantCodec } from '../../src/consent/grant.ts'
import type { Scope } from '../../src/scope/scope.ts'
import type { Store } from '../../src/store/store.ts'
import SqliteFile from 'better-sqlite3'
import { runOnPostgres, type Database } from './databases.ts'
import { openOwnStore } from './opened-store.ts'
import type { Suite } from './suite.ts'

const AT_ONCE = 100
const DAY_MS = 86_400_000

/** The access token of the grant for a conversation of this number. */
export function tokenOf(number: number): string {
  return `prove-token-${number}`
}

function scopeOf(number: number): Scope {
  return { kind: 'conversation', conversationId: `conversation-${number}` }
}

export type GrantRows = {
  idOf: (number: number) => string
  /** How many of them open under this key alone, with their own tokens. */
  readable: (key: string) => Promise<number>
}

/** Grants of as many users, sealed under one key, each for a conversation of its own. */
export async function keptGrants(
  suite: Suite,
  database: Database,
  { key, grants }: { key: string; grants: number },
): Promise<GrantRows> {
  const ids = Array.from({ length: grants }, () => newId('grt'))
  const idOf = (number: number) => ids[number] ?? ''
  const numbers = ids.map((_, number) => number)
  await withStore(suite, database, async (store) => {
    const codec = codecOf(key)
    await inBatches(numbers, async (number) => {
      suite.step(`${database.title}: grant ${number} of ${grants}`)
      const grant = { userId: `user-${number}`, scopes: [scopeOf(number)], accessToken: tokenOf(number) }
      const content = codec.seal(idOf(number), grant)
      const times = { accessMs: DAY_MS, refreshMs: undefined }
      await store.addGrant({ id: idOf(number), content, names: codec.namesOf(grant), ...times })
      return true
    })
  })
  const readable = (one: string) =>
    withStore(suite, database, async (store) => {
      const codec = codecOf(one)
      const found = await inBatches(numbers, async (number) => {
        const [stored] = await store.findGrantsByName(codec.names.owned(`user-${number}`, scopeOf(number)), 2)
        try {
          return stored !== undefined && codec.open(stored).accessToken === tokenOf(number)
        } catch (error) {
          if (error instanceof SealError) return false
          throw error
        }
      })
      return found.filter(Boolean).length
    })
  return { idOf, readable }
}

function codecOf(key: string) {
  return createGrantCodec(createKeyring([Buffer.from(key, 'base64')]))
}

/** Only one process can open the file of a SQLite store, so this closes it again. */
async function withStore<Result>(
  suite: Suite,
  database: Database,
  work: (store: Store) => Promise<Result>,
): Promise<Result> {
  const store = await openOwnStore(suite, database)
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

async function inBatches<Result>(
  numbers: readonly number[],
  work: (number: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  for (let first = 0; first < numbers.length; first += AT_ONCE) {
    results.push(...(await Promise.all(numbers.slice(first, first + AT_ONCE).map(work))))
  }
  return results
}

/** Flips a bit of what lies sealed of a grant. */
export async function damageOne({ kind, url }: Database, id: string): Promise<void> {
  if (kind === 'postgres') {
    const flipped = 'set_byte(content, 20, get_byte(content, 20) # 1)'
    await runOnPostgres(url, `update user_grant set content = ${flipped} where id = '${id}'`)
    return
  }
  const file = new SqliteFile(url.replace(/^file:/, ''))
  try {
    const content: unknown = file.prepare('select content from user_grant where id = ?').pluck().get(id)
    if (!(content instanceof Uint8Array)) throw new Error('there is no such grant')
    const bytes = Buffer.from(content)
    bytes[20] = (bytes[20] ?? 0) ^ 1
    file.prepare('update user_grant set content = ? where id = ?').run(bytes, id)
  } finally {
    file.close()
  }
}
