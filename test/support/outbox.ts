import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, afterEach, expect } from '@jest/globals'
import supertest, { type Response, type Test } from 'supertest'
import * as z from 'zod'
import type { Environment } from '../../src/config/config.ts'
import {
  startSimulator,
  type Misbehaviour,
  type Simulator,
  type SimulatorOptions,
} from '../../src/simulator/simulator.ts'
import { query, withStore } from './databases.ts'
import { environment, KEYS, startTestGateway, type TestGateway } from './gateway.ts'
import { spawnGateway, type GatewayProcess } from './process.ts'
import { parseJson } from './requests.ts'

/** Another caller than the one of `KEYS`. */
export const BILLING = 'billing-key-0123456789'
export const TWO_CALLERS = `orders:${KEYS.caller},billing:${BILLING}`

/** Attempts follow each other at once, so that tests see many of them. */
export const FAST_RETRIES: Environment = { RETRY_FIRST_MS: '1', RETRY_MAX_MS: '5' }

/** Messages that end with their first try when Divar asks for more than a minute; less is waited for. */
export const ONE_TRY: Environment = { RETRY_FOR_MS: '60000' }

/** Longer than anything here takes on a slow machine, and shorter than the limit of a test. */
const PATIENCE_MS = 45_000
const LOOK_EVERY_MS = 10

/** A gateway in this process, or one of its own. */
export type Reachable = { internalUrl: string }
type Headers = Record<string, string>
export type DatabaseKind = 'sqlite' | 'postgres'

const divars: Simulator[] = []
afterAll(() => Promise.all(divars.map((divar) => divar.close())))

const gateways: TestGateway[] = []
afterEach(() => Promise.all(gateways.splice(0).map((gateway) => gateway.stop())))

/** A gateway with a store of its own, for one test: each holds many connections, so it is stopped with it. */
export async function startStored(kind: DatabaseKind, more: Environment = {}): Promise<TestGateway> {
  return startOn(await withStore(kind), more)
}

/** A gateway on a store that may have had others, for one test. */
export async function startOn(store: Environment, more: Environment = {}): Promise<TestGateway> {
  const gateway = await startTestGateway({ SHUTDOWN_GRACE_MS: '100', ...store, ...more })
  gateways.push(gateway)
  return gateway
}

/** A Divar that outlives its gateways. It is stopped after the tests of the file. */
export async function startDivar(options: Partial<SimulatorOptions> = {}): Promise<Simulator> {
  const divar = await startSimulator({ apiKey: KEYS.divarApi, ...options })
  divars.push(divar)
  return divar
}

export function divarAt({ url }: Pick<Simulator, 'url'>): Environment {
  return { DIVAR_V1_API_URL: url, DIVAR_API_URL: url }
}

/** The program itself, once it listens; `program` as for `spawnGateway`. */
export async function spawnReachable(
  divar: Simulator,
  more: Environment,
  ...program: readonly string[]
): Promise<GatewayProcess & Reachable> {
  const gateway = spawnGateway({ ...environment(divar.url), ...more }, ...program)
  return { ...gateway, internalUrl: `http://127.0.0.1:${await gateway.started}` }
}

/**
 * Lets time pass for the lease of a killed gateway on PostgreSQL. What it had sent may still run, and would renew the lease, so this waits
 * until the server has ended its connections.
 */
export async function endLease({ DATABASE_URL: url = '' }: Environment): Promise<void> {
  const others = 'from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()'
  await eventually(
    async () =>
      (await query(url, `select pid ${others} and backend_type = 'client backend'`)).length === 0 ? true : undefined,
    'no connection of the killed gateway',
  )
  await query(url, 'update gateway set lease_until = 0')
}

/** A send by the known caller with a user's token. */
export function post(
  { internalUrl }: Reachable,
  body: string | object,
  headers: Headers = {},
  path = '/messages',
): Test {
  return supertest(internalUrl)
    .post(path)
    .set({ 'x-api-key': KEYS.caller, 'x-access-token': KEYS.token, 'content-type': 'application/json', ...headers })
    .send(typeof body === 'string' ? body : JSON.stringify(body))
}

/** Queues a message that must be promised; its id. */
export async function queue(gateway: Reachable, body: object, headers: Headers = {}): Promise<string> {
  const response = await post(gateway, body, { prefer: 'respond-async', ...headers })
  expect({ status: response.status, text: response.text }).toMatchObject({ status: 202 })
  return idOf(response)
}

/** An answer that Divar gives once. */
export function answer(status: number, body?: string, headers?: Headers): Misbehaviour {
  return { kind: 'answer', status, ...(body !== undefined && { body }), ...(headers && { headers }) }
}

export function idOf({ text }: Response): string {
  return z.object({ id: z.string().regex(/^msg_[\w-]{24}$/) }).parse(JSON.parse(text)).id
}

/** A message of one conversation. */
export function chatMessage(conversation: string, message: string): { conversation_id: string; message: string } {
  return { conversation_id: conversation, message }
}

/** What arrived at Divar, by its texts, in that order. */
export function textsReceivedBy({ received }: Simulator): unknown[] {
  return received.map(({ body }) => parseJson(body)['message'])
}

export function ask({ internalUrl }: Reachable, path: string, key: string = KEYS.caller): Test {
  return supertest(internalUrl).get(path).set('x-api-key', key)
}

/** Retries or cancels. */
export function retryOrCancel(
  { internalUrl }: Reachable,
  id: string,
  what: 'retry' | 'cancel',
  key: string = KEYS.caller,
): Test {
  return supertest(internalUrl).post(`/messages/${id}/${what}`).set('x-api-key', key)
}

const time = z.iso.datetime({ precision: 3 })
const attempt = z.strictObject({
  number: z.int().positive(),
  at: time,
  ended_at: time.nullable(),
  outcome: z.string().nullable(),
  status: z.int().nullable(),
  code: z.string().nullable(),
  reason: z.string().nullable(),
})
const shown = z.strictObject({
  id: z.string(),
  caller: z.string(),
  state: z.enum(['queued', 'sending', 'delivered', 'rejected', 'failed', 'unknown', 'cancelled', 'expired']),
  wire: z.enum(['v1', 'v2', 'bot']),
  created_at: time,
  finished_at: time.nullable(),
  next_attempt_at: time.nullable(),
  not_before: time.optional(),
  expires_at: time.optional(),
  wiped: z.boolean(),
  conversation_id: z.string().optional(),
  last_error: attempt.nullable(),
  attempts: z.array(attempt),
})
type Shown = z.infer<typeof shown>

const page = z.strictObject({ messages: z.array(shown), next_cursor: z.string().nullable() })
type Page = z.infer<typeof page>

/** The state of a message, in exactly the documented shape. */
export async function getMessage(gateway: Reachable, id: string): Promise<Shown> {
  const response = await ask(gateway, `/messages/${id}`)
  expect({ status: response.status, text: response.text }).toMatchObject({ status: 200 })
  return shown.parse(JSON.parse(response.text))
}

/** Whether so many attempts have ended. */
export function hasAttempts(times: number): (message: Shown) => boolean {
  return ({ attempts }) => attempts.length === times && attempts.every(({ ended_at }) => ended_at !== null)
}

export async function listMessages(gateway: Reachable, query = '', key?: string): Promise<Page> {
  const response = await ask(gateway, `/messages${query}`, key)
  expect({ status: response.status, text: response.text }).toMatchObject({ status: 200 })
  return page.parse(JSON.parse(response.text))
}

/** Waits until the message is in this state. */
export async function until(
  gateway: Reachable,
  id: string,
  state: Shown['state'],
  isIt: (message: Shown) => boolean = () => true,
  patienceMs = PATIENCE_MS,
): Promise<Shown> {
  const look = async () => {
    const message = await getMessage(gateway, id)
    return message.state === state && isIt(message) ? message : undefined
  }
  return eventually(look, `${id} ${state}`, patienceMs)
}

/** What `look` finds once it finds something. */
export async function eventually<Found>(
  look: () => Promise<Found | undefined>,
  what: string,
  patienceMs = PATIENCE_MS,
): Promise<Found> {
  const deadline = Date.now() + patienceMs
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (Date.now() > deadline) throw new Error(`never seen: ${what}`)
    await wait(LOOK_EVERY_MS)
  }
}
