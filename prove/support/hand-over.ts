import { request } from 'undici'
import * as z from 'zod'
import type { Side } from '../../src/simulator/shown.ts'
import { startSimulator } from '../../src/simulator/simulator.ts'
import { isSettled } from './audit.ts'
import type { Database } from './databases.ts'
import { environment, KEYS } from './environment.ts'
import { seconds } from './figures.ts'
import { spawnGateway } from './gateway.ts'
import type { Suite } from './suite.ts'
import { CONSENT, type Version } from './versions.ts'

const MESSAGES = 12
/** What the platform's 429 asks for: long enough for one version to stop and the other to start within it. */
const PAUSE_S = 6
const WITHIN_MS = 120_000
const TEXT = 'left in the middle'

/** One version stops with a paused outbox and with a user on the consent page; the other version finishes both. */
export async function proveHandOver(suite: Suite, database: Database, formerMain: string): Promise<void> {
  const { report } = suite
  const platform = await startPausingPlatform(suite)
  const { people, conversationId } = platform.world
  const variables = environment(platform.url, database.url, { ...CONSENT, DIVAR_OAUTH_URL: platform.url })
  const start = (version: Version) => spawnGateway(suite, variables, version === 'former' ? { main: formerMain } : {})

  const turns = [
    { first: 'former', second: 'latest', side: 'buyer' },
    { first: 'latest', second: 'former', side: 'seller' },
  ] as const
  for (const { first, second, side } of turns) {
    suite.step(`the ${first} version is left in the middle, the ${second} finishes`)
    const userId = people[side].v2Id
    platform.pause()
    const before = start(first)
    const { url: firstUrl } = await before.ready
    const page = await openConsentPage(firstUrl, userId, conversationId)
    const statuses: number[] = []
    for (let index = 0; index < MESSAGES; index += 1) statuses.push(await enqueue(firstUrl, index))
    await suite.until('the platform has answered 429', () => platform.refusedAt() > 0, WITHIN_MS)
    await before.stop()

    platform.take()
    const after = start(second)
    const { url: secondUrl, client } = await after.ready
    const agreed = await agree(page, secondUrl, side)
    await suite.until('every message is final', () => isSettled(client), WITHIN_MS)
    const byGrant = await postMessage(secondUrl, { conversation_id: conversationId, user_id: userId, message: 'سلام' })
    await after.stop()

    const held = platform.firstTakenAt() - platform.refusedAt()
    const accepted = statuses.filter((status) => status === 202).length
    report.section(`${database.title}: left in the middle by the ${first} version, finished by the ${second}`)
    report.promise('messages accepted', accepted, `${MESSAGES}`, accepted === MESSAGES)
    report.promise('the pause was kept', seconds(held), `at least ${seconds(PAUSE_S * 1000)}`, held >= PAUSE_S * 1000)
    report.promise('delivered after the pause', platform.taken(), `${MESSAGES}`, platform.taken() === MESSAGES)
    report.promise('consent page opened before, agreed to after', agreed, '303', agreed === 303)
    report.promise('a send by that grant', byGrant, '200', byGrant === 200)
  }
}

/** The simulator, which answers 429 to the messages of this proof while it pauses. */
async function startPausingPlatform(suite: Suite) {
  const state = { pausing: false, refusedAt: 0, firstTakenAt: 0, taken: 0 }
  const simulator = await startSimulator({
    apiKey: KEYS.platform,
    app: { slug: CONSENT.DIVAR_APP_SLUG, clientSecret: CONSENT.DIVAR_CLIENT_SECRET },
    decide: ({ body }) => {
      if (!state.pausing || !body.includes(TEXT)) return undefined
      state.refusedAt = performance.now()
      return { kind: 'answer', status: 429, headers: { 'retry-after': String(PAUSE_S) } }
    },
    onSend: ({ body }, status) => {
      if (status !== 200 || !body.includes(TEXT)) return
      if (state.taken === 0) state.firstTakenAt = performance.now()
      state.taken += 1
    },
  })
  suite.atEnd(() => simulator.close())
  return {
    url: simulator.url,
    world: simulator.world,
    pause: () => Object.assign(state, { pausing: true, refusedAt: 0, firstTakenAt: 0, taken: 0 }),
    take: () => (state.pausing = false),
    refusedAt: () => state.refusedAt,
    firstTakenAt: () => state.firstTakenAt,
    taken: () => state.taken,
  }
}

type ConsentPage = { url: URL; cookie: string }

/** A consent link, opened as a browser does, up to the platform's page. */
async function openConsentPage(url: string, userId: string, conversationId: string): Promise<ConsentPage> {
  const made = await request(`${url}/consents`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': KEYS.caller },
    body: JSON.stringify({
      scopes: ['chat'],
      conversation_id: conversationId,
      user_id: userId,
      return_url: 'https://app.example.com/thanks',
    }),
  })
  const { url: link } = z.object({ url: z.string() }).parse(await made.body.json())
  const opened = await fetch(`${url}${new URL(link).pathname}`, { redirect: 'manual' })
  const cookies = opened.headers.getSetCookie().map((line) => line.slice(0, line.indexOf(';')))
  return { url: new URL(opened.headers.get('location') ?? ''), cookie: cookies.join('; ') }
}

/** The user agrees, and comes back to whichever gateway runs by then. */
async function agree({ url, cookie }: ConsentPage, gatewayUrl: string, side: Side): Promise<number> {
  const form = new URLSearchParams([...url.searchParams, ['side', side], ['decision', 'allow']])
  const decided = await fetch(`${url.origin}/oauth2/auth/decision`, { method: 'POST', body: form, redirect: 'manual' })
  const { pathname, search } = new URL(decided.headers.get('location') ?? '')
  const back = await fetch(`${gatewayUrl}${pathname}${search}`, { headers: { cookie }, redirect: 'manual' })
  return back.status
}

function enqueue(url: string, index: number): Promise<number> {
  const message = { conversation_id: `c-${index}`, message: `${TEXT} ${index}` }
  return postMessage(url, message, { 'x-access-token': KEYS.token, prefer: 'respond-async' })
}

/** Sends a message; the HTTP status of the answer. */
export async function postMessage(url: string, message: object, headers: Record<string, string> = {}): Promise<number> {
  const { statusCode, body } = await request(`${url}/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': KEYS.caller, ...headers },
    body: JSON.stringify(message),
  })
  await body.dump()
  return statusCode
}
