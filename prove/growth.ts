import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import * as z from 'zod'
import { EVENTS_CALLER, type NewMessage, type Store } from '../src/store/store.ts'
import { bytesIn, ownPostgres, ownSqlite, rowsIn, runOnPostgres, type Database } from './support/databases.ts'
import { count, median, milliseconds, percent } from './support/figures.ts'
import { fill } from './support/fill.ts'
import { BODY_BYTES, newMessage, openOwnStore } from './support/opened-store.ts'
import { watchProcessors } from './support/processors.ts'
import { runSuite, type Suite } from './support/suite.ts'

/** What one call costs in a store that holds little, and in one that holds much. */

const SMALL = 1000
const LARGE = { short: 100_000, full: 10_000_000 }
const SAMPLES = { short: 300, full: 1000 }
const WARM_UP = 50
/** How much dearer a call may be that each message needs. */
const LIMIT = 1.3
/** The same for calls that are made every few seconds; a scan of the large store would be thousands of times dearer. */
const RARE_LIMIT = 3
/** Rows that wait, for a day that is far off. */
const WAITING = 100
const MINUTE_MS = 60_000
const STATISTICS_MS = 2000
const OWNER = 'prove'
const CLAIM_LIMIT = 32
/** All finished rows are younger, so that nothing is deleted meanwhile. */
const RETENTION_MS = 7 * 86_400_000
const AGE_MS = 0.9 * RETENTION_MS
const CALLS = [
  'accept',
  'claim',
  'accept an event',
  'claim an event',
  'recognize an event',
  'look a repeat up',
] as const
/** Calls that the gateway makes every few seconds, or for an operator. */
const RARE = {
  'renew a lease': (store: Store) => store.heartbeat(OWNER),
  'look for orphans': (store: Store) => store.adopt(OWNER, 100),
  'count what waits': (store: Store) => store.backlog(),
  'find nothing to wipe': (store: Store) => store.wipe(200),
  'find nothing to delete': (store: Store) => store.purge(RETENTION_MS, 200),
  'find no wrong time': (store: Store) => store.correctFutureTimes(),
  'find rows under other keys': (store: Store) => store.findRowsUnderOtherKeys('provekey', 200),
  'list messages': (store: Store) => store.list({ caller: 'caller-1', limit: 50 }),
  'list rejected messages': (store: Store) => store.list({ caller: 'caller-1', state: 'rejected', limit: 50 }),
} satisfies Record<string, (store: Store) => Promise<unknown>>
const RARE_SAMPLES = { short: 15, full: 50 }

await runSuite('growth', { shortS: 180, fullS: 5400 }, async (suite) => {
  if (suite.only !== 'postgres') await prove(suite, ownSqlite(suite.folder), ownSqlite(suite.folder))
  if (suite.only === 'sqlite') return
  const small = await ownPostgres(suite)
  const large = small && (await ownPostgres(suite))
  if (small !== undefined && large !== undefined) await prove(suite, small, large)
})

/** Milliseconds of each call. */
type Cost = Record<(typeof CALLS)[number], number>

type Filled = { store: Store; bytesPerRow: number }

async function prove(suite: Suite, small: Database, large: Database): Promise<void> {
  const { report, short } = suite
  const rows = suite.rows ?? (short ? LARGE.short : LARGE.full)
  const filled = [await fillAndOpen(suite, small, SMALL), await fillAndOpen(suite, large, rows)]
  const stores = filled.map(({ store }) => store)
  if (large.kind === 'postgres') await runOnPostgres(large.url, 'select pg_stat_reset()')
  const busy = watchProcessors()
  const samples = short ? SAMPLES.short : SAMPLES.full
  report.section(`${small.title}: ${count(SMALL)} and ${count(rows)} messages and events, ${samples} calls each`)
  const costs = await measureByTurns(suite, small.title, stores, samples)
  for (const call of CALLS)
    reportCost(suite, { call, rows, costs: costs.map((of) => of.map((one) => one[call])), limit: LIMIT })
  for (const [call, run] of Object.entries(RARE)) {
    suite.step(`${small.title}: ${call}`)
    reportCost(suite, { call, rows, costs: await repeatByTurns(stores, run, short), limit: RARE_LIMIT })
  }
  report.figure('bytes a row with its attempts and its key, all told', count(filled[1]?.bytesPerRow ?? NaN))
  report.figure('share of the processors that was busy', percent(busy()))
  if (large.kind === 'postgres')
    report.none('times that a table was read from one end to the other', await scansIn(large))
}

async function fillAndOpen(suite: Suite, database: Database, rows: number): Promise<Filled> {
  suite.step(`${database.title}: filling in ${count(rows)} messages`)
  // The tables are the store's own, so it makes them; the file is its alone, so it lets go of it meanwhile.
  const first = await openOwnStore(suite, database)
  await first.close()
  const empty = await bytesIn(database)
  await fill(database, { rows, newestAt: Date.now() - MINUTE_MS, spacingMs: AGE_MS / rows, waiting: WAITING })
  const bytesPerRow = ((await bytesIn(database)) - empty) / rows
  return { store: await openOwnStore(suite, database), bytesPerRow }
}

async function measureByTurns(
  suite: Suite,
  title: string,
  stores: readonly Store[],
  samples: number,
): Promise<Cost[][]> {
  const costs = stores.map((): Cost[] => [])
  for (let round = -WARM_UP; round < samples; round += 1) {
    suite.step(`${title}: call ${round} of ${samples}`)
    for (const [index, store] of stores.entries()) {
      const cost = { ...(await measure(store)), ...(await measureEvent(store)) }
      if (round >= 0) costs[index]?.push(cost)
    }
  }
  return costs
}

async function repeatByTurns(
  stores: readonly Store[],
  run: (store: Store) => Promise<unknown>,
  short: boolean,
): Promise<number[][]> {
  const costs = stores.map((): number[] => [])
  const samples = short ? RARE_SAMPLES.short : RARE_SAMPLES.full
  for (let round = -1; round < samples; round += 1) {
    for (const [index, store] of stores.entries()) {
      const [ms] = await timed(() => run(store))
      if (round >= 0) costs[index]?.push(ms)
    }
  }
  return costs
}

type Compared = { call: string; rows: number; costs: readonly number[][]; limit: number }

function reportCost({ report }: Suite, { call, rows, costs, limit }: Compared): void {
  const [little = NaN, much = NaN] = costs.map(median)
  report.figure(`${call} with ${count(SMALL)}, median`, milliseconds(little))
  report.figure(`${call} with ${count(rows)}, median`, milliseconds(much))
  const ratio = much / little
  report.promise(`${call}: how much dearer`, ratio.toFixed(2), `at most ${limit}`, ratio <= limit)
}

/** PostgreSQL's own count; a session reports its part within a second or so of its last call. */
async function scansIn(database: Database): Promise<number> {
  await setTimeout(STATISTICS_MS)
  const [row] = await rowsIn(
    database,
    `select sum(seq_scan) as scans from pg_stat_user_tables where relname in ('message', 'attempt', 'idempotency')`,
  )
  return z.object({ scans: z.coerce.number() }).parse(row).scans
}

/** One message through the store, with nothing else under way: its acceptance and its claim are timed, its delivery is not. */
async function measure(store: Store): Promise<Pick<Cost, 'accept' | 'claim'>> {
  const message = freshMessage()
  const [acceptMs] = await timed(() => store.accept([message]))
  return { accept: acceptMs, claim: await claimAndDeliver(store, message) }
}

/** One event, which comes once more after it was passed on. */
async function measureEvent(store: Store): Promise<Omit<Cost, 'accept' | 'claim'>> {
  const key = `prove.${randomBytes(18).toString('base64url')}`
  const idempotency = { key, otherNames: [`other.${key}`], fingerprints: [key] as const, ttlMs: 86_400_000 }
  const fresh = () => ({ ...freshMessage(), caller: EVENTS_CALLER, wire: 'event' as const, idempotency })
  const event = fresh()
  const [acceptMs, accepted] = await timed(() => store.accept([event]))
  const claimMs = await claimAndDeliver(store, event)
  const [againMs, again] = await timed(() => store.accept([fresh()]))
  const [lookMs, found] = await timed(() => store.findRepeat(EVENTS_CALLER, idempotency))
  if (accepted[0]?.kind !== 'accepted' || again[0]?.kind === 'accepted' || found === undefined) {
    throw new Error('expected the second event to be recognized')
  }
  return {
    'accept an event': acceptMs,
    'claim an event': claimMs,
    'recognize an event': againMs,
    'look a repeat up': lookMs,
  }
}

/** @returns the milliseconds of the claim */
async function claimAndDeliver(store: Store, { id, wire }: NewMessage): Promise<number> {
  const [ms, { messages }] = await timed(() => store.claim(OWNER, wire, CLAIM_LIMIT))
  const [mine] = messages
  if (mine?.id !== id || messages.length !== 1) throw new Error('expected to claim the one message that is due')
  const [begin] = await store.begin(OWNER, [id])
  if (begin === undefined) throw new Error('expected to begin what was claimed')
  const attempt = { number: begin.number, outcome: 'delivered', status: 200 }
  await store.finish(OWNER, [{ message: mine, attempt, next: { state: 'delivered' } }])
  return ms
}

function freshMessage(): NewMessage {
  const id = `msg_${randomBytes(18).toString('base64url')}`
  return newMessage(id, randomBytes(32).toString('hex'), randomBytes(BODY_BYTES))
}

async function timed<Result>(call: () => Promise<Result>): Promise<[number, Result]> {
  const begun = performance.now()
  const result = await call()
  return [performance.now() - begun, result]
}
