import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { request } from 'undici'
import * as z from 'zod'
import { startSimulator } from '../src/simulator/simulator.ts'
import { ownDatabases, type Database } from './support/databases.ts'
import { environment, KEYS } from './support/environment.ts'
import { count, seconds } from './support/figures.ts'
import { spawnGateway } from './support/gateway.ts'
import { damageOne, keptGrants, tokenOf, type GrantRows } from './support/grants.ts'
import { runSuite, type Suite } from './support/suite.ts'

/** A new TOKEN_ENCRYPTION_KEY while messages use grants encrypted with the old one: no grant is lost, and no send is refused. */

const GRANTS = { short: 300, full: 10_000 }
const SENDERS = 8
/** One maintenance run reseals 10,000 grants with the newest key; the next run is 30 s later. */
const ROTATED_WITHIN_MS = 120_000
const LEFT = z.coerce.number()

await runSuite('rotation', { shortS: 180, fullS: 600 }, async (suite) => {
  for (const database of await ownDatabases(suite)) await prove(suite, database)
})

async function prove(suite: Suite, database: Database): Promise<void> {
  const { report, short } = suite
  const grants = short ? GRANTS.short : GRANTS.full
  report.section(`${database.title}: ${count(grants)} grants, ${SENDERS} senders`)
  const [former, newest] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')]
  const kept = await keptGrants(suite, database, { key: former, grants })
  const platform = await startDivar(suite)
  const start = (keys: string) =>
    spawnGateway(
      suite,
      environment(platform.url, database.url, {
        TOKEN_ENCRYPTION_KEY: keys,
        PUBLIC_URL: 'http://127.0.0.1:9',
        DIVAR_OAUTH_URL: platform.url,
        DIVAR_APP_SLUG: 'prove',
        DIVAR_CLIENT_SECRET: 'prove-client-secret',
      }),
    )

  const rotating = start(`${newest},${former}`)
  const { url } = await rotating.ready
  const load = sendUntilStopped(suite, url, grants)
  const begun = performance.now()
  const isRotated = async () => (await rowsLeft(url)) === 0
  const rotated = await suite.until('all grants are under the new key', isRotated, ROTATED_WITHIN_MS)
  const tookMs = performance.now() - begun
  const during = await load.stop()
  const left = rotated === undefined ? 'some' : 0
  report.promise('rows left under the former key', left, 'must be 0', left === 0)
  report.figure('brought under the new key within', seconds(tookMs))
  report.figure('sends meanwhile', during.sent)
  report.none('sends meanwhile that were refused', during.refused)
  await rotating.stop()

  const after = start(newest)
  const { url: next } = await after.ready
  const { sent, refused } = await sendEach(suite, next, short ? grants : Math.ceil(grants / 10))
  report.figure('sends without the former key', sent)
  report.none('of these refused', refused)
  report.none('sends by another grant than their own', platform.wrongTokens())
  await after.stop()
  report.none('grants lost', grants - (await kept.readable(newest)))
  await proveDamage(suite, database, kept, () => start(newest))
}

/** Flips one bit of one grant: it is refused with a code, and the others keep working. */
async function proveDamage(
  { report }: Suite,
  database: Database,
  kept: GrantRows,
  start: () => ReturnType<typeof spawnGateway>,
): Promise<void> {
  await damageOne(database, kept.idOf(0))
  const gateway = start()
  const { url } = await gateway.ready
  const [damaged, other] = [await send(url, 0), await send(url, 1)]
  const isReported = damaged.status === 500 && damaged.code === 'grant_unreadable'
  report.promise('a flipped bit is reported as', damaged.code, 'grant_unreadable', isReported)
  report.promise('another grant meanwhile', other.status, '200', other.status === 200)
  await gateway.stop()
}

/** Takes every message, and sees whether it came with the token of its own conversation's grant. */
async function startDivar(suite: Suite) {
  let wrong = 0
  const simulator = await startSimulator({
    apiKey: KEYS.platform,
    onSend: ({ path, headers }) => {
      const number = Number(/conversations\/conversation-(\d+)\//.exec(path)?.[1])
      if (headers.authorization !== `Bearer ${tokenOf(number)}`) wrong += 1
    },
  })
  suite.atEnd(() => simulator.close())
  return { url: simulator.url, wrongTokens: () => wrong }
}

async function send(url: string, number: number): Promise<{ status: number; code: string }> {
  const { statusCode, body } = await request(`${url}/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': KEYS.caller },
    body: JSON.stringify({ conversation_id: `conversation-${number}`, message: 'سلام' }),
  })
  const answer = z.looseObject({ code: z.string().default('') }).parse(await body.json())
  return { status: statusCode, code: answer.code }
}

async function sendEach(suite: Suite, url: string, howMany: number) {
  let refused = 0
  for (let first = 0; first < howMany; first += SENDERS) {
    suite.step(`send ${first} of ${howMany}`)
    const numbers = Array.from({ length: Math.min(SENDERS, howMany - first) }, (_, index) => first + index)
    const answers = await Promise.all(numbers.map((number) => send(url, number)))
    refused += answers.filter(({ status }) => status !== 200).length
  }
  return { sent: howMany, refused }
}

function sendUntilStopped({ random }: Suite, url: string, grants: number) {
  const state = { sent: 0, refused: 0, stopped: false }
  const sender = async () => {
    while (!state.stopped) {
      const { status } = await send(url, random.integer(0, grants - 1))
      state.sent += 1
      if (status !== 200) state.refused += 1
      await setTimeout(1)
    }
  }
  const senders = Promise.all(Array.from({ length: SENDERS }, sender))
  // An early end of the suite stops the gateway under them.
  senders.catch(() => undefined)
  return {
    stop: async () => {
      state.stopped = true
      await senders
      return state
    },
  }
}

/** Undefined while the gauge is absent, because the store was too busy to be asked. */
async function rowsLeft(url: string): Promise<number | undefined> {
  const { body } = await request(`${url}/metrics`, { headers: { 'x-api-key': KEYS.caller } })
  return LEFT.optional().parse(/^kenar_store_rows_under_older_keys (\d+)$/m.exec(await body.text())?.[1])
}
