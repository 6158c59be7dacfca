import { randomBytes } from 'node:crypto'
import type { Store } from '../src/store/store.ts'
import { ownPostgres, ownSqlite, type Database } from './support/databases.ts'
import { count, median, milliseconds } from './support/figures.ts'
import { fill } from './support/fill.ts'
import { BODY_BYTES, newMessage, openOwnStore } from './support/opened-store.ts'
import { runSuite, type Suite } from './support/suite.ts'

/** What one call costs in a store that holds little, and in one that holds much. */

const SMALL = 1000
const LARGE = { short: 100_000, full: 1_000_000 }
const SAMPLES = { short: 300, full: 1000 }
const WARM_UP = 50
const LIMIT = 1.3
const OWNER = 'prove'
const CLAIM_LIMIT = 32

await runSuite('growth', { shortS: 180, fullS: 1200 }, async (suite) => {
  if (suite.only !== 'postgres') await prove(suite, ownSqlite(suite.folder), ownSqlite(suite.folder))
  if (suite.only === 'sqlite') return
  const small = await ownPostgres(suite)
  const large = small && (await ownPostgres(suite))
  if (small !== undefined && large !== undefined) await prove(suite, small, large)
})

type Cost = { accept: number[]; claim: number[] }

async function prove(suite: Suite, small: Database, large: Database): Promise<void> {
  const { report, short } = suite
  const rows = short ? LARGE.short : LARGE.full
  const stores = [await filled(suite, small, SMALL), await filled(suite, large, rows)]
  const costs = stores.map((): Cost => ({ accept: [], claim: [] }))
  const samples = short ? SAMPLES.short : SAMPLES.full
  for (let round = -WARM_UP; round < samples; round += 1) {
    suite.step(`${small.title}: call ${round} of ${samples}`)
    for (const [index, store] of stores.entries()) {
      const cost = await measure(store)
      if (round < 0) continue
      costs[index]?.accept.push(cost.accept)
      costs[index]?.claim.push(cost.claim)
    }
  }
  report.section(`${small.title}: ${count(SMALL)} and ${count(rows)} messages, ${samples} calls each`)
  for (const call of ['accept', 'claim'] as const) {
    const [little = NaN, much = NaN] = costs.map((cost) => median(cost[call]))
    report.figure(`${call} with ${count(SMALL)}, median`, milliseconds(little))
    report.figure(`${call} with ${count(rows)}, median`, milliseconds(much))
    const ratio = much / little
    report.promise(`${call}: how much dearer`, ratio.toFixed(2), `at most ${LIMIT}`, ratio <= LIMIT)
  }
}

async function filled(suite: Suite, database: Database, rows: number): Promise<Store> {
  suite.step(`${database.title}: filling in ${count(rows)} messages`)
  // The tables are the store's own, so it makes them; the file is its alone, so it lets go of it meanwhile.
  const first = await openOwnStore(suite, database)
  await first.close()
  await fill(database, rows)
  return openOwnStore(suite, database)
}

/** One message through the store, with nothing else under way: its acceptance and its claim are timed, its delivery is not. */
async function measure(store: Store): Promise<{ accept: number; claim: number }> {
  const id = `msg_${randomBytes(18).toString('base64url')}`
  const message = newMessage(id, randomBytes(32).toString('hex'), randomBytes(BODY_BYTES))
  const begun = performance.now()
  await store.accept([message])
  const accepted = performance.now()
  const { messages } = await store.claim(OWNER, 'v2', CLAIM_LIMIT)
  const claimed = performance.now()
  const [mine] = messages
  if (mine?.id !== id || messages.length !== 1) throw new Error('expected to claim the one message that is due')
  const [begin] = await store.begin(OWNER, [id])
  if (begin === undefined) throw new Error('expected to begin what was claimed')
  const attempt = { number: begin.number, outcome: 'delivered', status: 200 }
  await store.finish(OWNER, [{ message: mine, attempt, next: { state: 'delivered' } }])
  return { accept: accepted - begun, claim: claimed - accepted }
}
