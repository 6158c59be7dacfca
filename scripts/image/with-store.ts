import { randomBytes } from 'node:crypto'
import { chmodSync, chownSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import * as z from 'zod'
import { ask, type Answer } from './ask.ts'
import { CALLER_KEY, live, type Rig } from './life.ts'
import { CheckFailure, within } from './process.ts'
import { expect, say } from './report.ts'

const DATA = '/data'
const FIRST_ATTEMPT_DEADLINE_MS = 10_000
const POLL_MS = 20

const VARIABLES = {
  DATABASE_URL: `file:${DATA}/gateway.db`,
  TOKEN_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
  // After its first attempt the message stays put.
  RETRY_FIRST_MS: '3600000',
  PUBLIC_URL: 'https://chat.example.com',
  DIVAR_APP_SLUG: 'image-check',
  DIVAR_CLIENT_SECRET: 'image-check-secret',
  DIVAR_OAUTH_URL: 'https://oauth.example.com',
}
/** Messages at once share commits, which soon change more than SQLite keeps in memory unless it is told to. */
const BURST = 100
const BURSTS = 10

const queued = z.object({ id: z.string(), state: z.literal('queued') })
const tried = queued.extend({ attempts: z.array(z.object({ outcome: z.literal('not_sent') })).min(1) })

/** The store's folder is the one that the image brings; what lies there outlives the container. */
export async function checkWithStore(rig: Rig): Promise<void> {
  const folder = makeVolume(rig.tree)
  try {
    const options = { variables: VARIABLES, volume: { folder, place: DATA } }
    const id = await live(rig, { ...options, note: ', with a new store' }, async ({ port }) => {
      await checkReady(port)
      await checkConsent(port)
      const kept = await keepMessage(port)
      await checkBurst(port)
      return kept
    })
    await live(rig, { ...options, note: ', with that store' }, async ({ port }) => {
      const answer = await show(port, id)
      expect(
        answer.status === 200 && tried.safeParse(answer.json).data?.id === id,
        `after a new start the message was shown as ${answer.status} ${answer.text}, not as queued and tried`,
      )
      say('ok: after a new start the message is still queued')
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** As a container engine makes a named volume: empty, and owned as the folder of the image that it covers. */
function makeVolume(tree: string): string {
  const covered = statSync(join(tree, DATA), { throwIfNoEntry: false })
  if (!covered?.isDirectory()) throw new CheckFailure(`it has no folder ${DATA} for a volume to cover`)
  const folder = mkdtempSync(join(tmpdir(), 'kenar-chat-gateway-'))
  chmodSync(folder, covered.mode)
  chownSync(folder, covered.uid, covered.gid)
  return folder
}

async function checkReady(port: number): Promise<void> {
  const { status, text, json } = await ask(port, '/readyz')
  const ready = status === 200 && isDeepStrictEqual(json, { status: 'ready', store: 'ok' })
  expect(ready, `/readyz answered ${status} ${text}, not 200 {"status":"ready","store":"ok"}`)
  say('ok: it is ready')
}

const begun = z.object({ url: z.string() })

/** The user is sent to Divar's page, with what the protocol's own library makes of it. */
async function checkConsent(port: number): Promise<void> {
  const asked = await ask(port, '/consents', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': CALLER_KEY },
    body: JSON.stringify({ scopes: ['phone'], user_id: 'u', return_url: 'https://app.example.com/' }),
  })
  const url = begun.safeParse(asked.json).data?.url ?? ''
  expect(
    asked.status === 201 && URL.canParse(url),
    `/consents answered ${asked.status} ${asked.text}, not 201 and a link`,
  )
  const { pathname } = new URL(url)
  const { status, headers } = await ask(port, pathname, { redirect: 'manual' })
  const location = headers.get('location') ?? ''
  expect(
    status === 303 &&
      location.startsWith('https://oauth.example.com/oauth2/auth?') &&
      location.includes('code_challenge='),
    `the link answered ${status} and leads to ${location}, not 303 and to Divar's page`,
  )
  say("ok: a user is sent to Divar's page to consent")
}

/** Divar is out of reach, so the message is tried once and then stays. */
async function keepMessage(port: number): Promise<string> {
  const answer = await send(port, 'image-check')
  const id = queued.safeParse(answer.json).data?.id
  if (answer.status !== 202 || id === undefined) {
    throw new CheckFailure(`a message was answered ${answer.status} ${answer.text}, not 202 and queued`)
  }
  const giveUp = new AbortController()
  await within(FIRST_ATTEMPT_DEADLINE_MS, 'first attempt', firstAttempt(port, id, giveUp.signal)).finally(() => {
    giveUp.abort()
  })
  say('ok: a message is taken, tried and kept')
  return id
}

async function firstAttempt(port: number, id: string, given: AbortSignal): Promise<void> {
  while (!given.aborted && !tried.safeParse((await show(port, id)).json).success) await sleep(POLL_MS)
}

/** Nowhere but in its volume can the store write: no temporary file either. */
async function checkBurst(port: number): Promise<void> {
  const answers: Answer[] = []
  for (let round = 0; round < BURSTS; round += 1) {
    const burst = Array.from({ length: BURST }, (_, index) => send(port, `burst-${round}-${index}`))
    answers.push(...(await Promise.all(burst)))
  }
  const refused = answers.filter(({ status }) => status !== 202)
  const [{ status, text } = { status: 0, text: '' }] = refused
  expect(
    refused.length === 0,
    `of ${answers.length} messages, ${BURST} at once, ${refused.length} were refused, one with ${status} ${text}`,
  )
  say(`ok: ${answers.length} messages, ${BURST} at once, are taken`)
}

function send(port: number, conversation: string): Promise<Answer> {
  return ask(port, '/messages', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-api-key': CALLER_KEY,
      'x-access-token': 'image-check-token',
      prefer: 'respond-async',
    },
    body: JSON.stringify({ conversation_id: conversation, message: 'hello' }),
  })
}

function show(port: number, id: string): Promise<Answer> {
  return ask(port, `/messages/${id}`, { headers: { 'x-api-key': CALLER_KEY } })
}
