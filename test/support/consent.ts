import supertest, { type Test } from 'supertest'
import * as z from 'zod'
import { freePort } from '../../prove/support/free-port.ts'
import type { Environment } from '../../src/config/config.ts'
import type { Side } from '../../src/simulator/shown.ts'
import type { Simulator, SimulatorOptions } from '../../src/simulator/simulator.ts'
import { APP } from './consent-app.ts'
import { withStore } from './databases.ts'
import { KEYS, startTestGateway, type TestGateway } from './gateway.ts'
import { startDivar, type DatabaseKind, type Reachable } from './outbox.ts'
import { resolverFile } from './resolvers.ts'

const STRICT: Partial<SimulatorOptions> = { checks: 'strict', identificationKey: KEYS.identification, app: APP }

export const LANDING = 'https://app.example.com/start'

/** What the resolver asks for, and the kind of store. */
export type Asking = { scopes?: string[]; onDenied?: string; on?: DatabaseKind }

/** The environment of a gateway with consent; its resolver requests these scopes. */
export async function withConsent(
  divarUrl: string,
  { scopes = ['chat', 'offline'], onDenied, on = 'sqlite' }: Asking = {},
): Promise<Environment> {
  const port = await freePort()
  const landing = JSON.stringify({ scopes, onDenied })
  return {
    ...(await withStore(on)),
    PORT: String(port),
    PUBLIC_URL: `http://127.0.0.1:${port}`,
    DIVAR_APP_SLUG: APP.slug,
    DIVAR_CLIENT_SECRET: APP.clientSecret,
    DIVAR_OAUTH_URL: divarUrl,
    DIVAR_API_URL: divarUrl,
    DIVAR_V1_API_URL: divarUrl,
    RESOLVER: 'module',
    RESOLVER_MODULE: await resolverFile(
      `export default (click) => ({ url: '${LANDING}?click_id=' + click.id, ...${landing} })`,
    ),
  }
}

/** A gateway with consent and a strict simulator as its Divar. */
export async function startConsentGateway(
  landing: Asking = {},
  more: Environment = {},
  options: Partial<SimulatorOptions> = {},
): Promise<TestGateway> {
  // The simulator starts first, because the gateway needs its address.
  const environment = await withConsent('http://127.0.0.1:9', landing)
  const at = (url: string) => ({ DIVAR_OAUTH_URL: url, DIVAR_API_URL: url, DIVAR_V1_API_URL: url })
  return startTestGateway((divarUrl) => ({ ...environment, ...at(divarUrl), ...more }), {
    ...STRICT,
    ...options,
  })
}

/** A Divar that outlives its gateways, with a clock that a test can move ahead, for codes and tokens. It is stopped after the tests of the file. */
export async function startConsentDivar(options: Partial<SimulatorOptions> = {}) {
  let ahead = 0
  const divar = await startDivar({ ...STRICT, now: () => Date.now() + ahead, ...options })
  return { divar, pass: (ms: number) => (ahead += ms) }
}

/** The number of refresh requests. */
export function refreshesAt({ conversation }: Simulator): number {
  const { timeline } = conversation.snapshot()
  return timeline.filter(({ request }) => request?.body.includes('grant_type=refresh_token')).length
}

/** A browser, as far as redirects and cookies go. */
export class Browser {
  readonly #cookies = new Map<string, string>()

  /** Opens an address, follows nothing. */
  async open(url: string, init: RequestInit = {}): Promise<{ status: number; location: string; body: string }> {
    if (new URL(url).hostname !== '127.0.0.1') throw new Error(`a test opens nothing but loopback, not ${url}`)
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = new Headers(init.headers)
    headers.set('cookie', cookie)
    const answer = await fetch(url, { ...init, redirect: 'manual', headers })
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (line.includes('Max-Age=0')) this.#cookies.delete(name)
      else this.#cookies.set(name, value)
    }
    return { status: answer.status, location: answer.headers.get('location') ?? '', body: await answer.text() }
  }
}

type Decision = { side?: Side; decision?: 'allow' | 'deny' }

/** Opens a link and decides on Divar's page; returns the callback address. */
export async function decide(
  browser: Browser,
  startUrl: string,
  { side = 'buyer', decision = 'allow' }: Decision = {},
): Promise<string> {
  const { location } = await browser.open(startUrl)
  const { origin, searchParams } = new URL(location)
  const form = new URLSearchParams([...searchParams, ['side', side], ['decision', decision]])
  const back = await browser.open(`${origin}/oauth2/auth/decision`, { method: 'POST', body: form })
  return back.location
}

/** The complete authorization flow of a user who consents; its final response. */
export async function completeFlow(startUrl: string, decision: Decision = {}) {
  const browser = new Browser()
  return browser.open(await decide(browser, startUrl, decision))
}

/** The address that a click on the chat's menu entry leads to. */
export async function clickMenu(
  gateway: { url: string; divar: Simulator },
  side: Side = 'buyer',
  wire: 'v1' | 'v2' = 'v2',
): Promise<string> {
  const { conversation } = gateway.divar
  conversation.change({ wire, sessionUrl: `${gateway.url}/divar/session` })
  const answer = await fetch(`${gateway.divar.url}/simulator/clicks`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ side }),
  })
  return z.object({ url: z.string() }).parse(await answer.json()).url
}

/** A link of a service's that asks a user for scopes of the simulator's chat. */
export async function linkFor(
  { internalUrl, divar }: Reachable & { divar: Simulator },
  scopes: readonly string[],
  side: Side = 'buyer',
): Promise<string> {
  const { people, post, conversationId } = divar.world
  const { text } = await supertest(internalUrl).post('/consents').set('x-api-key', KEYS.caller).send({
    scopes,
    user_id: people[side].v2Id,
    post_token: post.token,
    conversation_id: conversationId,
    return_url: 'https://app.example.com/thanks',
  })
  return z.object({ url: z.string() }).parse(JSON.parse(text)).url
}

/** A send of a service that has no token. */
export function sendWithoutToken(
  gateway: Reachable,
  body: object,
  { path = '/messages', headers = {} }: { path?: string; headers?: Record<string, string> } = {},
): Test {
  return supertest(gateway.internalUrl)
    .post(path)
    .set('x-api-key', KEYS.caller)
    .set('content-type', 'application/json')
    .set(headers)
    .send(JSON.stringify(body))
}

/** A question of a service's to an internal route. */
export function ask(gateway: Reachable, path: string, method: 'get' | 'delete' = 'get'): Test {
  return supertest(gateway.internalUrl)[method](path).set('x-api-key', KEYS.caller)
}

/** A message to the conversation of the simulator. */
export function messageTo({ world }: Pick<Simulator, 'world'>, text = 'سلام'): Record<string, unknown> {
  return { conversation_id: world.conversationId, message: text }
}
