import { setTimeout } from 'node:timers/promises'
import * as z from 'zod'
import { request } from 'undici'
import { startSimulator } from '../src/simulator/simulator.ts'
import { audit, isSettled, reportAudit } from './support/audit.ts'
import type { Client } from './support/client.ts'
import { ownDatabases, rowsIn, type Database } from './support/databases.ts'
import { environment, KEYS } from './support/environment.ts'
import { count, highest, seconds } from './support/figures.ts'
import { Gateways } from './support/gateways.ts'
import { spawnGateway, type GatewayProcess } from './support/gateway.ts'
import { Ledger } from './support/ledger.ts'
import { sendCounted, startTurns } from './support/load.ts'
import { serialOf, textOf } from './support/platform.ts'
import { runSuite, type Suite } from './support/suite.ts'

/**
 * All messages have failed, and are sent again in calls of `POST /messages/retry`, while new messages come to the same conversations. Now
 * and then the gateway is killed during a call, and the same call is repeated at the next gateway.
 */

const SIZE = {
  short: { messages: 400, aCall: 100, cutCalls: [2], conversations: 40 },
  full: { messages: 10_000, aCall: 1000, cutCalls: [3, 6, 9], conversations: 500 },
}
const WORKERS = 20
const NEW_PER_SECOND = 100
/** When a call is cut off, in percent of how long the call before it took. */
const CUT_AFTER = { min: 30, max: 80 }
/** An attempt that a kill cut off on PostgreSQL holds up its conversation until its lease of 30 s ends. */
const SETTLED_WITHIN_MS = 120_000
const CALL_WITHIN_MS = 20_000

const answerSchema = z.object({
  matched: z.number(),
  changed: z.number(),
  skipped: z.object({ wiped: z.number(), wrong_state: z.number() }),
  left: z.number(),
  until: z.string(),
})
type Answer = z.infer<typeof answerSchema>

await runSuite('bulk-retry', { shortS: 180, fullS: 900 }, async (suite) => {
  for (const database of await ownDatabases(suite)) await prove(suite, database)
})

async function prove(suite: Suite, database: Database): Promise<void> {
  const size = suite.short ? SIZE.short : SIZE.full
  const ledger = new Ledger()
  const divar = { refuses: true }
  const platformUrl = await startPlatform(suite, ledger, divar, size.messages)
  const start = () => spawnGateway(suite, environment(platformUrl, database.url))

  await failAll(suite, { ledger, start, database, ...size })
  divar.refuses = false
  const gateways = new Gateways(start)
  await gateways.start()
  const begun = performance.now()
  let newOnes = 0
  const load = startTurns(
    suite,
    {
      workers: WORKERS,
      conversations: size.conversations,
      target: () => gateways.client,
      maySend: () => newOnes < ((performance.now() - begun) / 1000) * NEW_PER_SECOND,
    },
    (client, serial, conversation) => {
      newOnes += 1
      return sendOne(client, ledger, size.messages + serial, conversation)
    },
  )
  const calls = await retryAll(suite, gateways, size)
  const retriedMs = performance.now() - begun
  await load.stop()

  const { client, process } = await gateways.current()
  const settledMs = await suite.until('every message is final', () => isSettled(client), SETTLED_WITHIN_MS)
  const found = await audit(client, ledger)
  await process.stop()

  const { report } = suite
  report.section(
    `${database.title}: bulk retry of ${count(size.messages)} failed messages, ${count(size.aCall)} a call, ${size.cutCalls.length} × kill -9`,
  )
  report.figure('left after each call', calls.left.map(count).join(' '))
  report.figure('calls cut off by a kill', calls.cut.length)
  report.figure('of these, what each had committed', calls.cut.map(count).join(' '))
  report.figure('a call, the longest', seconds(highest(calls.ms)))
  report.figure('all calls, and the starts between them', seconds(retriedMs))
  report.figure('new messages meanwhile', newOnes)
  report.figure('requests of failed messages that Divar accepted', acceptedBelow(ledger, size.messages))
  reportAudit(report, found, ledger)
  report.promise('queued again by all calls', calls.queued, `must be ${size.messages}`, calls.queued === size.messages)
  if (!suite.short) {
    const halfDone = calls.cut.filter((committed) => committed > 0 && committed < size.aCall).length
    report.promise('calls cut off between two of their commits', halfDone, 'at least 1', halfDone > 0)
  }
  report.none('calls after which more was left than before', calls.grew)
  report.none('failed in the end', found.states.get('failed') ?? 0)
  const value = settledMs === undefined ? 'not in time' : seconds(settledMs)
  report.promise(
    'all final after the last call',
    value,
    `within ${seconds(SETTLED_WITHIN_MS)}`,
    settledMs !== undefined,
  )
}

/** Refuses or accepts every message. The failed ones are a line of their own in the ledger, since new ones may overtake them. */
async function startPlatform(
  suite: Suite,
  ledger: Ledger,
  divar: { refuses: boolean },
  failed: number,
): Promise<string> {
  const simulator = await startSimulator({
    apiKey: KEYS.platform,
    decide: (received) => {
      ledger.arrived(serialOf(received))
      return divar.refuses ? { kind: 'answer', status: 400, body: '{"code":3}' } : undefined
    },
    onSend: (received, status) => {
      if (status !== 200) return
      const serial = serialOf(received)
      ledger.accepted(serial, `${received.path} ${serial < failed ? 'failed before' : 'new'}`)
    },
  })
  suite.atEnd(() => simulator.close())
  return simulator.url
}

type Failing = {
  ledger: Ledger
  start: () => GatewayProcess
  database: Database
  messages: number
  conversations: number
}

/** Sends messages that Divar refuses, and makes of each refused one a failed one, which would take a day otherwise. */
async function failAll(suite: Suite, { ledger, start, database, messages, conversations }: Failing): Promise<void> {
  suite.step(`${database.title}: sending ${count(messages)} messages that fail`)
  const gateway = start()
  const { client } = await gateway.ready
  const pacing = { workers: WORKERS, conversations, total: messages, target: () => client }
  await startTurns(suite, pacing, (to, serial, conversation) => sendOne(to, ledger, serial, conversation)).done
  await suite.until('all are refused', () => isSettled(client), SETTLED_WITHIN_MS)
  await gateway.stop()
  const failed = await rowsIn(database, `update message set state = 'failed' where state = 'rejected' returning id`)
  if (failed.length !== messages) throw new Error(`${failed.length} of ${messages} messages were refused`)
}

async function sendOne(client: Client, ledger: Ledger, serial: number, conversation: number) {
  const draft = { serial, conversation, text: textOf(serial), atLeastOnce: false }
  return { isAnswered: (await sendCounted(client, ledger, draft)).kind !== 'unanswered' }
}

type Calls = { left: number[]; cut: number[]; ms: number[]; queued: number; grew: number }
type Size = { messages: number; aCall: number; cutCalls: readonly number[] }

/** Repeats the call until nothing is left. */
async function retryAll(suite: Suite, gateways: Gateways, { messages, aCall, cutCalls }: Size): Promise<Calls> {
  const calls: Calls = { left: [], cut: [], ms: [], queued: 0, grew: 0 }
  let filter: object = { state: 'failed', limit: aCall }
  let left = messages
  for (let call = 1; left > 0; call += 1) {
    suite.step(`call ${call}, ${left} of ${messages} left`)
    const { url } = await gateways.current()
    const begun = performance.now()
    let ms = 0
    const answering = retry(url, filter).finally(() => (ms = performance.now() - begun))
    if (cutCalls.includes(call)) {
      await setTimeout(((calls.ms.at(-1) ?? 0) * suite.random.integer(CUT_AFTER.min, CUT_AFTER.max)) / 100)
      await gateways.kill()
      await gateways.start()
    }
    const answer = await answering
    if (answer === undefined) {
      if (!cutCalls.includes(call)) throw new Error('a call had no answer from a gateway that was not killed')
      calls.cut.push(0)
      continue
    }
    calls.ms.push(ms)
    filter = { ...filter, until: answer.until }
    // What the call before this one had committed when it was cut off.
    const committed = left - answer.matched
    if (committed < 0 || answer.left > left) calls.grew += 1
    if (committed > 0) calls.cut[calls.cut.length - 1] = committed
    calls.queued += committed + answer.changed
    left = answer.left
    calls.left.push(left)
  }
  return calls
}

/** Undefined when no answer came. */
async function retry(url: string, filter: object): Promise<Answer | undefined> {
  const answer = await request(`${url}/messages/retry`, {
    method: 'POST',
    headers: { 'x-api-key': KEYS.caller, 'content-type': 'application/json' },
    body: JSON.stringify(filter),
    headersTimeout: CALL_WITHIN_MS,
  })
    .then(async ({ statusCode, body }) => ({ statusCode, text: await body.text() }))
    .catch(() => undefined)
  if (answer === undefined) return undefined
  if (answer.statusCode !== 200) throw new Error(`POST /messages/retry answered ${answer.statusCode}: ${answer.text}`)
  return answerSchema.parse(JSON.parse(answer.text))
}

function acceptedBelow(ledger: Ledger, serials: number): number {
  return Array.from({ length: serials }, (_, serial) => ledger.timesAccepted(serial)).reduce((sum, one) => sum + one, 0)
}
