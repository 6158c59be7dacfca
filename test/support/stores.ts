import { fileURLToPath } from 'node:url'
import { afterAll } from '@jest/globals'
import SqliteFile from 'better-sqlite3'
import { newId } from '../../src/base/id.ts'
import { createLogger } from '../../src/observability/log.ts'
import { openStore, type DatabaseAddress } from '../../src/store/open.ts'
import {
  WIRES,
  type Claimed,
  type DatabaseKind,
  type Finish,
  type NewMessage,
  type Sealed,
  type Store,
  type Wire,
} from '../../src/store/store.ts'
import { databaseForGateway, query } from './databases.ts'

/** More than any test here stores. */
export const ALL = 10_000
export const MINUTE_MS = 60_000

const stores = new Set<Store>()
afterAll(() => Promise.all([...stores].map((store) => store.close())))

/** Opens a store at a DATABASE_URL. It is closed after the tests of the file. */
export async function openAt(url: string): Promise<Store> {
  const store = await openStore(addressOf(url), createLogger('silent'))
  stores.add(store)
  return store
}

/** A store in a database of its own. */
export async function newStore(kind: DatabaseKind): Promise<Store> {
  return openAt(await databaseForGateway(kind))
}

export async function closeStore(store: Store): Promise<void> {
  stores.delete(store)
  await store.close()
}

export type AlterableStore = {
  store: () => Store
  /** Changes rows directly, for example to make them older. A SQLite store is reopened for it. */
  alter: (statement: string) => Promise<void>
  /** Reads rows directly. A SQLite store is reopened for it. */
  read: (statement: string) => Promise<Record<string, unknown>[]>
}

export async function newAlterableStore(kind: DatabaseKind): Promise<AlterableStore> {
  const url = await databaseForGateway(kind)
  let store = await openAt(url)
  const whileClosed = async <Result>(work: (file: SqliteFile.Database) => Result): Promise<Result> => {
    await closeStore(store)
    const result = inFile(url, work)
    store = await openAt(url)
    return result
  }
  return {
    store: () => store,
    alter: async (statement) => {
      await (kind === 'postgres' ? query(url, statement) : whileClosed((file) => file.exec(statement)))
    },
    read: (statement) =>
      kind === 'postgres'
        ? query(url, statement)
        : whileClosed((file) => file.prepare<[], Record<string, unknown>>(statement).all()),
  }
}

/** Changes rows of a database that no store has open, such as to make them older. */
export async function alter(url: string, statement: string): Promise<void> {
  if (url.startsWith('file:')) inFile(url, (file) => file.exec(statement))
  else await query(url, statement)
}

/** Reads rows of a database that no store has open. */
export async function rowsOf(url: string, statement: string): Promise<Record<string, unknown>[]> {
  return url.startsWith('file:')
    ? inFile(url, (file) => file.prepare<[], Record<string, unknown>>(statement).all())
    : query(url, statement)
}

/** Works in a SQLite file that no store has open. */
export function inFile<Result>(url: string, work: (file: SqliteFile.Database) => Result): Result {
  const file = new SqliteFile(fileURLToPath(url))
  try {
    return work(file)
  } finally {
    file.close()
  }
}

function addressOf(url: string): DatabaseAddress {
  return url.startsWith('file:') ? { kind: 'sqlite', file: fileURLToPath(url) } : { kind: 'postgres', url }
}

/** A message in its own conversation, unless `more` says otherwise. */
export function newMessage(more: Partial<NewMessage> = {}): NewMessage {
  const id = newId('msg')
  return {
    id,
    caller: 'orders',
    wire: 'v2',
    conversations: [`conversation of ${id}`],
    atLeastOnce: false,
    body: sealed(`body of ${id}`),
    tryForMs: MINUTE_MS,
    requestId: 'req_1',
    ...more,
  }
}

/** Returns a function that makes messages of one new conversation. */
export function newConversation(): (more?: Partial<NewMessage>) => NewMessage {
  const conversation = `conversation of ${newId('clk')}`
  return (more) => newMessage({ conversations: [conversation], ...more })
}

export function newLine(length: number, more: Partial<NewMessage> = {}): NewMessage[] {
  const say = newConversation()
  return Array.from({ length }, () => say(more))
}

/** The store does not encrypt, so any bytes will do. */
export function sealed(text: string, keyId = 'key-1'): Sealed {
  return { keyId, bytes: Buffer.from(text) }
}

export function textOf(found: Sealed | undefined): string {
  if (found === undefined) throw new Error('nothing is there')
  return Buffer.from(found.bytes).toString()
}

export function idsOf(messages: readonly { id: string }[]): string[] {
  return messages.map(({ id }) => id)
}

/** Claims the due messages, up to a limit. */
export async function claimed(
  store: Pick<Store, 'claim'>,
  owner = 'gw-1',
  limit = ALL,
  wire: Wire = 'v2',
): Promise<Claimed[]> {
  return (await store.claim(owner, wire, limit)).messages
}

/** The one message that is due. */
export async function claimedOne(store: Pick<Store, 'claim'>, owner = 'gw-1', wire: Wire = 'v2'): Promise<Claimed> {
  const [message, ...others] = await claimed(store, owner, ALL, wire)
  if (message === undefined || others.length > 0) throw new Error(`not one message is due but ${others.length}`)
  return message
}

/** Stores one message and claims it, while nothing else is due. */
export async function acceptedAndClaimed(
  store: Pick<Store, 'accept' | 'claim'>,
  more: Partial<NewMessage> = {},
  owner = 'gw-1',
): Promise<Claimed> {
  const message = newMessage(more)
  await store.accept([message])
  return claimedOne(store, owner, message.wire)
}

/** Ends messages, as delivered unless `more` says otherwise. */
export function finish(
  store: Pick<Store, 'finish'>,
  messages: readonly Finish['message'][],
  { owner = 'gw-1', ...more }: Partial<Omit<Finish, 'message'>> & { owner?: string } = {},
): Promise<string[]> {
  return store.finish(
    owner,
    messages.map((message) => ({ message, next: { state: 'delivered' }, ...more })),
  )
}

/** Claims the messages that other tests have left, so that they do not affect this test. */
export async function claimLeftovers(store: Store): Promise<void> {
  for (const wire of WIRES) await store.claim('nobody', wire, ALL)
  await store.adopt('nobody', ALL)
}
