import { request } from 'undici'
import * as z from 'zod'
import { rowsIn, type Database } from './databases.ts'
import { environment, KEYS } from './environment.ts'
import { newEvent, SECRET } from './event-receiver.ts'
import { spawnGateway, type GatewayProcess } from './gateway.ts'
import { answerJson, startService, type Heard } from './service.ts'
import type { Suite } from './suite.ts'

/** Events and bot messages in a roll back: the former version does not know them, and must leave them to the latest. */

const LINES = 4
const A_LINE = 5
const EACH = LINES * A_LINE
const RETRIES = { RETRY_FIRST_MS: '50', RETRY_MAX_MS: '400' }
const WITHIN_MS = 120_000
const ROWS = "select id, wire, state, attempts, due_at, body from message where wire in ('event', 'bot') order by id"

/** The latest leaves both undelivered; the former serves meanwhile, then the latest again. */
export async function proveNewWires(suite: Suite, database: Database, formerMain: string): Promise<void> {
  const { report } = suite
  const outside = await startOutside(suite)
  const known = environment(outside.url, database.url, RETRIES)
  const latest = () => spawnGateway(suite, { ...known, EVENTS_URL: `${outside.url}/events`, EVENTS_SECRET: SECRET })
  report.section(`${database.title}: events and bot messages that the latest version left undelivered, and a roll back`)

  suite.step('the latest takes events and bot messages, and cannot deliver them')
  const before = latest()
  const taken = await sendBoth((await before.ready).url)
  await suite.until('each kind was tried', () => outside.refused.event > 0 && outside.refused.bot > 0, WITHIN_MS)
  await before.stop()
  const left = await rowsIn(database, ROWS)
  report.promise('events and bot messages taken', taken, `${2 * EACH}`, taken === 2 * EACH)
  report.promise('of these stored and waiting', waitingIn(left), `${2 * EACH}`, waitingIn(left) === 2 * EACH)

  suite.step('the former serves on the same tables')
  const triedBefore = outside.calls()
  const former = spawnGateway(suite, known, { main: formerMain })
  const served = await serveWithFormer(suite, former, outside)
  report.promise('messages that the former delivered meanwhile', served, `${EACH}`, served === EACH)
  report.none('calls of the former for what it does not know', outside.calls() - triedBefore)
  // Both versions serve at once where they can.
  if (database.kind === 'sqlite') await former.stop()
  const kept = await rowsIn(database, ROWS)
  const isLeftAlone = JSON.stringify(kept) === JSON.stringify(left)
  report.promise('its rows', isLeftAlone ? 'as they were' : 'changed', 'as they were', isLeftAlone)
  report.none("errors in the former's log", former.errors())

  outside.open()
  const after = latest()
  await after.ready
  const isDelivered = () => outside.accepted.event.length >= EACH && outside.accepted.bot.length >= EACH
  await suite.until('all is delivered', isDelivered, WITHIN_MS)
  await after.stop()
  if (database.kind === 'postgres') await former.stop()
  for (const [title, wire] of [
    ['events', 'event'],
    ['bot messages', 'bot'],
  ] as const) {
    const accepted = outside.accepted[wire]
    const once = new Set(accepted).size === accepted.length
    report.promise(
      `${title} delivered after the upgrade`,
      accepted.length,
      `${EACH}, once each`,
      once && accepted.length === EACH,
    )
    report.none(`${title} out of order within a conversation`, outOfOrder(accepted))
  }
  const ended = await rowsIn(database, ROWS)
  report.none('waiting in the end', waitingIn(ended))
  report.none("errors in the former's log, in the end", former.errors())
}

/** The company's service and Divar in one: it refuses events and bot messages until `open`, and always takes other messages. */
async function startOutside(suite: Suite) {
  const state = { isOpen: false, messages: 0 }
  const refused = { event: 0, bot: 0 }
  const accepted: Record<'event' | 'bot', number[]> = { event: [], bot: [] }
  const { url } = await startService(suite, (heard, response) => {
    const wire = wireOf(heard)
    if (wire === 'message') state.messages += 1
    else if (state.isOpen) accepted[wire].push(serialIn(heard.body))
    else {
      refused[wire] += 1
      answerJson(response, { code: 13, message: 'later' }, 503)
      return
    }
    answerJson(response, wire === 'bot' ? { conversation_id: 'c' } : { status: 200, message: 'success' })
  })
  return {
    url,
    refused,
    accepted,
    calls: () => refused.event + refused.bot + accepted.event.length + accepted.bot.length,
    messages: () => state.messages,
    open: () => (state.isOpen = true),
  }
}

function wireOf({ request: { url = '' } }: Heard): 'event' | 'bot' | 'message' {
  if (url === '/events') return 'event'
  return url.includes('/chat/bot/') ? 'bot' : 'message'
}

/** An event and a bot message of each serial; those of one conversation follow each other. @returns how many were taken */
async function sendBoth(url: string): Promise<number> {
  let taken = 0
  for (let serial = 0; serial < EACH; serial += 1) {
    const line = serial % LINES
    const bot = { bot: { conversation_id: `b-${line}` }, text_message: textOf(serial) }
    const statuses = [
      await post(`${url}/divar/events`, { authorization: KEYS.identification }, newEvent(serial, line)),
      await post(`${url}/messages`, { 'x-api-key': KEYS.caller, prefer: 'respond-async' }, bot),
    ]
    taken += statuses.filter((status) => status === 200 || status === 202).length
  }
  return taken
}

/** @returns how many messages that it knows were delivered */
async function serveWithFormer(
  suite: Suite,
  former: GatewayProcess,
  outside: { messages: () => number },
): Promise<number> {
  const { client } = await former.ready
  for (let serial = 0; serial < EACH; serial += 1) {
    await client.send({ conversation: serial % LINES, text: textOf(serial), atLeastOnce: false })
  }
  await suite.until('the former has delivered its own', () => outside.messages() >= EACH, WITHIN_MS)
  // It shows rows of a wire that it does not know.
  for await (const { id } of client.records()) if (!id.startsWith('msg_')) throw new Error(`unexpected record ${id}`)
  return outside.messages()
}

function textOf(serial: number): string {
  return `#${serial} of the roll back`
}

/** The serial in the text of a bot message, or in the message id of an event. */
function serialIn(body: string): number {
  return Number(/"#(\d+) of the roll back"|"m-(\d+)"/.exec(body)?.slice(1).find(Boolean))
}

function outOfOrder(serials: readonly number[]): number {
  const latest = new Map<number, number>()
  return serials.filter((serial) => {
    const before = latest.get(serial % LINES) ?? -1
    latest.set(serial % LINES, Math.max(before, serial))
    return serial < before
  }).length
}

const rowSchema = z.object({ state: z.string() })

function waitingIn(rows: readonly unknown[]): number {
  return rows.filter((row) => ['queued', 'sending'].includes(rowSchema.parse(row).state)).length
}

async function post(url: string, headers: Record<string, string>, value: object): Promise<number> {
  const { statusCode, body } = await request(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(value),
  })
  await body.dump()
  return statusCode
}
