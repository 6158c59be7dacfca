import { fileURLToPath } from 'node:url'
import { afterAll, expect } from '@jest/globals'
import { openSqlite, type SqliteQueries } from '../../src/store/sqlite/open.ts'
import type { Claimed, DatabaseKind, Finish, MaintenanceStore, NewMessage, OutboxStore } from '../../src/store/store.ts'
import type { PacingStore } from '../../src/store/pacing-store.ts'
import { newDatabase } from './databases.ts'
import { ALL, finish, MINUTE_MS, newAlterableStore, newMessage, inFile } from './stores.ts'

export const HOUR_MS = 60 * MINUTE_MS
export const PROBE_LEASE_MS = 10_000
/** A 429 without Retry-After. */
export const WITHOUT_RETRY_AFTER = { retryAfterMs: undefined }

/**
 * A store with a rate-limit hold whose time a test can let pass. SQLite runs without its thread, to avoid restarting it; so calls must
 * not overlap.
 */
export type RateLimitedStore = {
  store: () => OutboxStore & MaintenanceStore & PacingStore
  alter: (statement: string) => Promise<void>
  /** The rest of the hold; `undefined` when there is none. */
  heldMs: () => Promise<number | undefined>
  /** Acts as if this much time had passed. */
  pass: (ms: number) => Promise<void>
  queue: (messages: number) => Promise<NewMessage[]>
  /** Claims and begins the one message that probes. */
  probed: (owner?: string) => Promise<Claimed>
  /** Ends an attempt with a 429 that does not start a hold, unless `more` says otherwise. */
  end: (message: Claimed, more: Partial<Finish>, owner?: string) => Promise<string[]>
  deliver: (message: Claimed, owner?: string) => Promise<string[]>
  /** The length of the next hold in minutes, after a probe gets a 429 without Retry-After. */
  limitedAgain: () => Promise<number>
}

export async function newRateLimitedStore(kind: DatabaseKind): Promise<RateLimitedStore> {
  const at = await (kind === 'sqlite' ? newSqlite() : newAlterableStore(kind))
  const heldMs = async () => (await at.store().claim('gw-1', 'v2', ALL, { probeLeaseMs: PROBE_LEASE_MS })).heldMs
  const pass = (ms: number) =>
    at.alter(
      `update pause set until = until - ${ms}, set_at = set_at - ${ms}, probe_until = probe_until - ${ms},
         probe_due = probe_due - ${ms};
       update message set due_at = due_at - ${ms} where due_at is not null`,
    )
  const queue = async (messages: number) => {
    const queued = Array.from({ length: messages }, () => newMessage())
    await at.store().accept(queued)
    return queued
  }
  const probed = async (owner = 'gw-1') => {
    const { messages } = await at.store().claim(owner, 'v2', ALL, { probeLeaseMs: PROBE_LEASE_MS })
    expect(messages).toMatchObject([{ isProbe: true }])
    const [probe] = messages
    if (probe === undefined) throw new Error('none probes')
    expect(await at.store().begin(owner, [probe.id])).toHaveLength(1)
    return probe
  }
  const end = (message: Claimed, more: Partial<Finish>, owner = 'gw-1') =>
    finish(at.store(), [message], {
      owner,
      attempt: { number: message.attempts + 1, outcome: 'rate_limited' },
      next: { state: 'queued', inMs: 1, unsure: false },
      ...more,
    })
  const deliver = (message: Claimed, owner?: string) => {
    const attempt = { number: message.attempts + 1, outcome: 'delivered' }
    return end(message, { attempt, next: { state: 'delivered' } }, owner)
  }
  const limitedAgain = async () => {
    await pass(15 * MINUTE_MS)
    await end(await probed(), { limit: WITHOUT_RETRY_AFTER })
    return Math.round(((await heldMs()) ?? 0) / MINUTE_MS)
  }
  return { ...at, heldMs, pass, queue, probed, end, deliver, limitedAgain }
}

const files = new Set<SqliteQueries>()
afterAll(() => Promise.all([...files].map((file) => file.close())))

async function newSqlite(): Promise<Pick<RateLimitedStore, 'store' | 'alter'>> {
  const url = await newDatabase('sqlite')
  let store = await openSqlite(fileURLToPath(url))
  files.add(store)
  const alter = async (statement: string) => {
    await store.close()
    files.delete(store)
    inFile(url, (file) => file.exec(statement))
    store = await openSqlite(fileURLToPath(url))
    files.add(store)
  }
  return { store: () => store, alter }
}
