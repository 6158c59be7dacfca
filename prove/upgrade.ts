import { request } from 'undici'
import * as z from 'zod'
import { audit, isSettled, reportAudit } from './support/audit.ts'
import { ownDatabases, ownPostgres, ownSqlite, type Database } from './support/databases.ts'
import { KEYS } from './support/environment.ts'
import { formerVersion } from './support/former.ts'
import { postMessage, proveHandOver } from './support/hand-over.ts'
import { keptGrants } from './support/grants.ts'
import { startLoad } from './support/load.ts'
import { proveNewWires } from './support/new-wires.ts'
import { runSuite, type Suite } from './support/suite.ts'
import { twoVersions, VERSIONS, type Running, type Versions } from './support/versions.ts'

/** An upgrade and its roll back, with the real code of a version before the migrations from 0003 on, while messages come in all the time. One part alone with --part. */

const WORKERS = 16
const CONVERSATIONS = 320
/** From either version to the other, each time that both serve. */
const HANDED_OVER = { short: 10, full: 500 }
/** Of each turn on SQLite, where one version follows the other. */
const IN_A_TURN = { short: 40, full: 1000 }
const GRANTS = 10
const TURNS = ['latest', 'former', 'latest'] as const
const WITHIN_MS = 120_000
/** Serials beyond what any load comes to, each for one message; a repeated request has the same one. */
const BY_HAND = 2 ** 40

const PARTS = ['rolling', 'turns', 'hand-over', 'wires'] as const

await runSuite('upgrade', { shortS: 300, fullS: 900 }, async (suite) => {
  const isChosen = (part: (typeof PARTS)[number]) => (suite.part ?? part) === part
  if (!PARTS.some(isChosen)) throw new Error(`--part is one of ${PARTS.join(', ')}`)
  const formerMain = await formerVersion(suite)
  if (formerMain === undefined) return
  if (isChosen('rolling') && suite.only !== 'sqlite') {
    const postgres = await ownPostgres(suite)
    if (postgres !== undefined) await proveRolling(suite, postgres, formerMain)
  }
  if (isChosen('turns') && suite.only !== 'postgres') await proveInTurn(suite, ownSqlite(suite.folder), formerMain)
  for (const [part, prove] of [
    ['hand-over', proveHandOver],
    ['wires', proveNewWires],
  ] as const) {
    if (!isChosen(part)) continue
    for (const database of await ownDatabases(suite)) await prove(suite, database, formerMain)
  }
})

/** One replica after the other, forward and back; there are always two. */
async function proveRolling(suite: Suite, database: Database, formerMain: string): Promise<void> {
  const { report } = suite
  report.section('Two replicas on PostgreSQL: former, both, latest, both, former, latest')
  const versions = await twoVersions(suite, database, formerMain)
  const { ledger, start } = versions
  let replicas = [await start('former'), await start('former')] as const
  const load = startLoad(suite, {
    ledger,
    workers: WORKERS,
    conversations: CONVERSATIONS,
    target: () => suite.random.pick(versions.clients()),
    maySend: () => ledger.backlog < 200,
  })
  const replace = async (version: Running['version']) => {
    suite.step(`one more of the ${version} version`)
    const next = await start(version)
    await replicas[0].stop()
    replicas = [replicas[1], next]
  }

  await replace('latest')
  await proveBothServe(suite, versions, replicas, 'the latest migrated beneath the former')
  const grants = await keptGrants(suite, database, { key: versions.key, grants: GRANTS })
  await replace('latest')
  await replace('former')
  await proveBothServe(suite, versions, replicas, 'the former started on the newer tables')
  await replace('former')
  await replace('latest')
  await load.stop()
  const { client, url } = replicas[1]
  await suite.until('every message is final', () => isSettled(client), WITHIN_MS)
  const byGrant = await sendByGrant(url)
  report.section('In the end')
  report.promise('a send by a grant, after the roll back', byGrant, '200', byGrant === 200)
  const found = await audit(client, ledger)
  await Promise.all(replicas.map(({ stop }) => stop()))
  report.none('grants lost by it', GRANTS - (await grants.readable(versions.key)))
  reportAudit(report, found, ledger)
  reportUnnoticed(suite, versions)
}

/** Messages pass either way, and what one version has answered the other one knows. */
async function proveBothServe(suite: Suite, versions: Versions, both: readonly Running[], how: string): Promise<void> {
  const { report, short } = suite
  const enough = short ? HANDED_OVER.short : HANDED_OVER.full
  const before = { former: versions.handedOver('former'), latest: versions.handedOver('latest') }
  const passed = (by: Running['version']) => versions.handedOver(by) - before[by]
  const isEnough = () => VERSIONS.every((by) => passed(by) >= enough)
  await suite.until(`${enough} messages have passed either way`, isEnough, WITHIN_MS)
  report.section(`Both serve; ${how}`)
  const limit = `at least ${enough}`
  const [former, latest] = [passed('former'), passed('latest')]
  report.promise('taken by the former, delivered by the latest', former, limit, former >= enough)
  report.promise('taken by the latest, delivered by the former', latest, limit, latest >= enough)
  let serial = BY_HAND + versions.ledger.sent
  for (const first of both) {
    const other = both.find(({ version }) => version !== first.version)
    if (other === undefined) throw new Error('both are of one version')
    serial += 1
    const [one, again] = [await sendKeyed(first.url, serial), await sendKeyed(other.url, serial)]
    const isSame = one.status === 200 && again.status === 200 && one.id === again.id
    report.promise(`a request to the ${first.version}, repeated at the other`, again.status, 'the same answer', isSame)
    const clicked = await click(first.url)
    report.promise(`a click on the ${first.version}`, clicked, '200', clicked === 200)
  }
}

/** A SQLite file is one process's at a time: each version finds what the other left, as it is stopped in the middle. */
async function proveInTurn(suite: Suite, database: Database, formerMain: string): Promise<void> {
  const { report, short } = suite
  report.section('On SQLite: former, latest, former, latest')
  const versions = await twoVersions(suite, database, formerMain)
  const { ledger } = versions
  let running = await versions.start('former')
  const load = startLoad(suite, {
    ledger,
    workers: WORKERS,
    conversations: CONVERSATIONS,
    target: () => versions.clients().at(0),
    maySend: () => ledger.backlog < 200,
  })
  const enough = short ? IN_A_TURN.short : IN_A_TURN.full
  for (const [turn, version] of TURNS.entries()) {
    const until = ledger.sent + enough
    // From the second turn on the other version has left something, which this one is to come to.
    const hasFound = () => turn === 0 || versions.handedOver(version) > 0
    await suite.until(`the ${running.version} has had its turn`, () => ledger.sent >= until && hasFound(), WITHIN_MS)
    await running.stop()
    running = await versions.start(version)
  }
  await load.stop()
  const { client } = running
  await suite.until('every message is final', () => isSettled(client), WITHIN_MS)
  const found = await audit(client, ledger)
  await running.stop()
  for (const by of VERSIONS) {
    const passed = versions.handedOver(by)
    report.promise(`taken by the ${by}, delivered by the other`, passed, 'at least 1', passed > 0)
  }
  reportAudit(report, found, ledger)
  reportUnnoticed(suite, versions)
}

function reportUnnoticed({ report }: Suite, { ledger, errors }: Versions): void {
  const refusals = [...ledger.refusals.values()].reduce((sum, times) => sum + times, 0)
  report.none('refused or without an answer, at any moment', refusals + ledger.unanswered)
  report.none('errors in any log', errors())
}

async function sendKeyed(url: string, serial: number): Promise<{ status: number; id: string }> {
  const { statusCode, body } = await request(`${url}/messages`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-api-key': KEYS.caller,
      'x-access-token': KEYS.token,
      'idempotency-key': `k-${serial}`,
    },
    body: JSON.stringify({ conversation_id: 'keyed', message: `#${serial} by hand` }),
  })
  return { status: statusCode, id: z.object({ id: z.string() }).parse(await body.json()).id }
}

function sendByGrant(url: string): Promise<number> {
  return postMessage(url, { conversation_id: 'conversation-0', message: `#${BY_HAND} by a grant` })
}

async function click(url: string): Promise<number> {
  const { statusCode, body } = await request(`${url}/divar/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'prove-identification-key' },
    body: JSON.stringify({ post_token: 'AZf3Uqr3', user_id: 'u-1', peer_id: 'u-2' }),
  })
  await body.dump()
  return statusCode
}
