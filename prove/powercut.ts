import { setTimeout } from 'node:timers/promises'
import SqliteFile from 'better-sqlite3'
import { audit, isSettled, reportAudit } from './support/audit.ts'
import type { Client } from './support/client.ts'
import { ownSqlite } from './support/databases.ts'
import { environment } from './support/environment.ts'
import { median, milliseconds, seconds } from './support/figures.ts'
import { spawnGateway, type GatewayProcess } from './support/gateway.ts'
import { ownImage, type Image } from './support/image.ts'
import { Ledger } from './support/ledger.ts'
import { startLoad } from './support/load.ts'
import { acceptAfter, startPlatform } from './support/platform.ts'
import { runSuite, type Suite } from './support/suite.ts'

/** Cuts the power of the file system under a gateway's SQLite, and looks for what was acknowledged. */

const CUTS = { short: 3, full: 30 }
const SETTLED_WITHIN_MS = 60_000
const MAX_BACKLOG = 400

await runSuite('powercut', { shortS: 120, fullS: 900 }, async (suite) => {
  suite.step('making a file system')
  const image = await ownImage(suite)
  if ('unavailable' in image) suite.report.skip('The power cut', image.unavailable)
  else await prove(suite, image)
})

async function prove(suite: Suite, image: Image): Promise<void> {
  const { random, report } = suite
  const ledger = new Ledger()
  const platformUrl = await startPlatform(suite, ledger, () => acceptAfter(random.integer(0, 20)))
  const database = ownSqlite(image.folder)
  const spawn = () => spawnGateway(suite, environment(platformUrl, database.url))
  let target: Client | undefined
  const load = startLoad(suite, {
    ledger,
    workers: 16,
    conversations: 2048,
    target: () => target,
    maySend: () => ledger.backlog < MAX_BACKLOG,
    atLeastOnceEvery: 5,
  })

  const readyMs: number[] = []
  const atCut: number[] = []
  const cuts = suite.short ? CUTS.short : CUTS.full
  while (atCut.length < cuts) {
    suite.step(`cut ${atCut.length + 1} of ${cuts}`)
    await image.mount()
    const gateway = spawn()
    const ready = await gateway.ready
    readyMs.push(ready.readyMs)
    target = ready.client
    await setTimeout(random.integer(100, 1500))
    if (atCut.length % 2 === 0) await cutAlone(image, gateway)
    else await cutUnderGateway(image, ledger, random.integer(0, 200))
    atCut.push(ledger.acknowledged.size)
    const gone = gateway.kill()
    target = undefined
    await gone
    await image.unmount()
  }
  await load.stop()

  await image.mount()
  const gateway = spawn()
  const { client } = await gateway.ready
  const settledMs = await suite.until('every message is final', () => isSettled(client), SETTLED_WITHIN_MS)
  const found = await audit(client, ledger)
  await gateway.stop()
  const integrity = checkIntegrity(database.url)
  await image.unmount()

  report.section(`SQLite on ext4: ${atCut.length} power cuts`)
  reportAudit(report, found, ledger)
  report.figure('acknowledged by the last cut', atCut.at(-1) ?? 0)
  report.figure('ready again after the spawn, median', milliseconds(median(readyMs)))
  report.promise("the file's own check in the end", integrity, 'must be ok', integrity === 'ok')
  const value = settledMs === undefined ? 'not in time' : seconds(settledMs)
  const limit = `within ${seconds(SETTLED_WITHIN_MS)}`
  report.promise('all final after the last start', value, limit, settledMs !== undefined)
}

/** The whole machine stops at once. */
async function cutAlone(image: Image, gateway: GatewayProcess): Promise<void> {
  gateway.signal('SIGSTOP')
  await image.cutPower()
}

/**
 * The disk alone dies, and the gateway runs on without it. While it dies, the kernel answers some calls of fsync with a success that is
 * none, so what the gateway acknowledges from then on cannot be held against it; what it refuses can.
 */
async function cutUnderGateway(image: Image, ledger: Ledger, aliveMs: number): Promise<void> {
  const before = new Set(ledger.acknowledged.keys())
  await image.cutPower()
  await setTimeout(aliveMs)
  for (const serial of ledger.acknowledged.keys()) if (!before.has(serial)) ledger.acknowledged.delete(serial)
}

function checkIntegrity(url: string): string {
  const file = new SqliteFile(url.replace(/^file:/, ''), { readonly: true })
  try {
    return String(file.pragma('integrity_check', { simple: true }))
  } finally {
    file.close()
  }
}
