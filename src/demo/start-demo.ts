import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { startGateway } from '../app/gateway.ts'
import { readConfig } from '../config/config.ts'
import { makeTemporaryFolder } from '../dev/temporary-folder.ts'
import type { Logger } from '../observability/log.ts'
import { startSimulator, type Simulator } from '../simulator/simulator.ts'
import { priceMessage, sampleMessages } from './app-messages.ts'
import { startApp, type SampleApp } from './app.ts'

/** Not secrets: they are valid only for this demo, on this machine. */
export const DEMO_KEYS = {
  identification: 'demo-identification-key',
  caller: 'demo-internal-key',
  api: 'demo-divar-api-key',
  /** The seller's access token. */
  userToken: 'demo-user-token',
}
const RESOLVER_SECRET = 'demo-resolver-secret'
const APP = { slug: 'bike-inspection', clientSecret: 'demo-client-secret' }

/** As if the seller had already allowed the app to write to all of her chats, and to read them. */
const SELLER_SCOPES = [
  'CHAT_SUPPLIER_ALL_CONVERSATIONS_MESSAGE_SEND',
  'CHAT_SUPPLIER_ALL_CONVERSATIONS_READ',
  'NOTIFICATION_ACCESS_REVOCATION',
  'USER_ID',
  'offline_access',
]
/** The seller's, for an import of a grant. */
const REFRESH_TOKEN = 'demo-refresh-token'

type DemoOptions = {
  /** The gateway and the app name each other, so the gateway's ports are fixed; the others may be 0. */
  ports: { gateway: number; internal: number; simulator: number; app: number }
  keys?: typeof DEMO_KEYS
  /** Gets a line for each request and each event. */
  say: (line: string) => void
  log: Logger
}

export type Demo = {
  simulator: Simulator
  app: SampleApp
  /** For Divar and for browsers of users. */
  gatewayUrl: string
  /** For services, with the documentation. */
  internalUrl: string
  keys: typeof DEMO_KEYS
  stop: () => Promise<void>
}

/** Starts a simulator, a sample app and a gateway between them, with a store that is deleted when the demo stops, or does not start. */
export async function startDemo(options: DemoOptions): Promise<Demo> {
  const folder = await makeTemporaryFolder('demo')
  const running: Stop[] = []
  const stop = async () => {
    await Promise.all(running.map((stopOne) => stopOne()))
    await folder.remove()
  }
  try {
    return { ...(await startAll(options, folder.path, running)), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

type Stop = () => Promise<unknown>

/** Adds to `running` what it has started, so that it can be stopped if the rest fails. */
async function startAll(
  { ports, keys = DEMO_KEYS, say, log }: DemoOptions,
  folder: string,
  running: Stop[],
): Promise<Omit<Demo, 'stop'>> {
  const gatewayUrl = `http://127.0.0.1:${ports.gateway}`
  const internalUrl = `http://127.0.0.1:${ports.internal}`
  const eventsSecret = `whsec_${randomBytes(32).toString('base64')}`
  const simulator = await startSimulator({
    port: ports.simulator,
    apiKey: keys.api,
    identificationKey: keys.identification,
    sessionUrl: `${gatewayUrl}/divar/session`,
    checks: 'strict',
    app: { ...APP, redirectUris: [`${gatewayUrl}/oauth/callback`] },
    gateway: { url: internalUrl, internalKey: keys.caller, docsUrl: `${internalUrl}/docs` },
    tokens: [{ accessToken: keys.userToken, refreshToken: REFRESH_TOKEN, side: 'seller', scopes: SELLER_SCOPES }],
    log: say,
  })
  running.push(() => simulator.close())
  const app = await startApp({
    port: ports.app,
    gatewayUrl: internalUrl,
    internalKey: keys.caller,
    resolverSecret: RESOLVER_SECRET,
    eventsSecret,
    log: say,
  })
  running.push(() => app.close())
  const gateway = await startGateway(
    readConfig({
      HOST: '127.0.0.1',
      PORT: String(ports.gateway),
      INTERNAL_PORT: String(ports.internal),
      DIVAR_IDENTIFICATION_KEY: keys.identification,
      DIVAR_API_KEY: keys.api,
      DIVAR_V1_API_URL: simulator.url,
      DIVAR_API_URL: simulator.url,
      INTERNAL_API_KEYS: `orders:${keys.caller}`,
      CALLER_PERMISSIONS: 'orders=send,consents,users,clicks,platform,operate',
      RESOLVER: 'forward',
      RESOLVER_URL: `${app.url}/resolve`,
      RESOLVER_SECRET,
      ACTION_URL: `${app.url}/action`,
      EVENTS_URL: `${app.url}/events`,
      EVENTS_SECRET: eventsSecret,
      PUBLIC_URL: gatewayUrl,
      DIVAR_OAUTH_URL: simulator.url,
      DIVAR_APP_SLUG: APP.slug,
      DIVAR_CLIENT_SECRET: APP.clientSecret,
      DATABASE_URL: `file:${join(folder, 'gateway.db')}`,
      TOKEN_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    }),
    log,
    { formKeys: { 'x-api-key': keys.caller, 'x-access-token': keys.userToken } },
  )
  running.push(() => gateway.stop())
  return { simulator, app, gatewayUrl, internalUrl, keys }
}

/** Writes the first messages of the chat, and subscribes to those that follow, with the seller's token. */
export async function beginChat({ simulator, app, internalUrl, keys }: Demo): Promise<void> {
  const { world, url } = simulator
  for (const [side, text] of [
    ['buyer', 'سلام، دوچرخه هنوز موجود است؟'],
    ['seller', 'سلام، بله. می‌توانید کارشناسی هم بگیرید.'],
  ]) {
    await post(`${url}/simulator/messages`, { side, text })
  }
  for (const message of [...sampleMessages(world, app.url), priceMessage(world)]) {
    await post(`${internalUrl}/messages`, message, { 'x-api-key': keys.caller, 'x-access-token': keys.userToken })
  }
  await post(
    `${internalUrl}/v1/open-platform/events/subscriptions`,
    { event_type: 'NEW_MESSAGE_ON_POST', event_resource_id: world.post.token },
    { 'x-api-key': keys.caller, 'x-access-token': keys.userToken },
  )
}

async function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<void> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`)
}
