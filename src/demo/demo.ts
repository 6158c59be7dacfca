import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createLogger } from '../observability/log.ts'
import { readConfig } from '../config/config.ts'
import { startGateway } from '../app/gateway.ts'
import { startSimulator } from '../simulator/simulator.ts'
import { startApp } from './app.ts'
import { priceMessage, sampleMessages } from './app-messages.ts'

/** Not secrets: they are valid only for this demo, on this machine. */
const KEYS = {
  identification: 'demo-identification-key',
  caller: 'demo-internal-key',
  api: 'demo-divar-api-key',
  resolver: 'demo-resolver-secret',
}
const APP = { slug: 'bike-inspection', clientSecret: 'demo-client-secret' }
const USER_TOKEN = 'demo-user-token'
const { values: ports } = parseArgs({
  options: {
    port: { type: 'string', default: '3000' },
    'simulator-port': { type: 'string', default: '4000' },
    'app-port': { type: 'string', default: '5050' },
  },
})
const gatewayUrl = `http://127.0.0.1:${ports.port}`

/** For the store; deleted when the demo ends. */
const folder = await mkdtemp(join(tmpdir(), 'kenar-demo-'))
const simulator = await startSimulator({
  port: Number(ports['simulator-port']),
  apiKey: KEYS.api,
  identificationKey: KEYS.identification,
  sessionUrl: `${gatewayUrl}/divar/session`,
  checks: 'strict',
  app: { ...APP, redirectUris: [`${gatewayUrl}/oauth/callback`] },
  // As if the seller had already allowed the app to write to all of her chats.
  tokens: [{ accessToken: USER_TOKEN, side: 'seller', scopes: ['CHAT_SUPPLIER_ALL_CONVERSATIONS_MESSAGE_SEND'] }],
  log: say,
}).catch(explain)
const app = await startApp({
  port: Number(ports['app-port']),
  gatewayUrl,
  internalKey: KEYS.caller,
  resolverSecret: KEYS.resolver,
}).catch(explain)
const gateway = await startGateway(
  readConfig({
    HOST: '127.0.0.1',
    PORT: ports.port,
    DIVAR_IDENTIFICATION_KEY: KEYS.identification,
    DIVAR_API_KEY: KEYS.api,
    DIVAR_V1_API_URL: simulator.url,
    DIVAR_API_URL: simulator.url,
    INTERNAL_API_KEYS: `orders:${KEYS.caller}`,
    RESOLVER: 'forward',
    RESOLVER_URL: `${app.url}/resolve`,
    RESOLVER_SECRET: KEYS.resolver,
    ACTION_URL: `${app.url}/action`,
    PUBLIC_URL: gatewayUrl,
    DIVAR_OAUTH_URL: simulator.url,
    DIVAR_APP_SLUG: APP.slug,
    DIVAR_CLIENT_SECRET: APP.clientSecret,
    DATABASE_URL: `file:${join(folder, 'gateway.db')}`,
    TOKEN_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
  }),
  createLogger('warn'),
).catch(explain)

for (const [side, text] of [
  ['buyer', 'سلام، دوچرخه هنوز موجود است؟'],
  ['seller', 'سلام، بله. می‌توانید کارشناسی هم بگیرید.'],
]) {
  await post(`${simulator.url}/simulator/messages`, { side, text })
}
for (const message of [...sampleMessages(simulator.world, app.url), priceMessage(simulator.world)]) {
  await post(`${gatewayUrl}/messages`, message, { 'x-api-key': KEYS.caller, 'x-access-token': USER_TOKEN })
}

say(`
  Open this in a browser:   ${simulator.url}
  این آدرس را باز کنید     (two phones, one chat: click a button, or open the app from the menu)

  The gateway listens on ${gatewayUrl}, a sample app of yours on ${app.url}. Nothing leaves this machine.
  What happens on the wire is listed here and on the page. Ctrl-C ends all three.

Your turn. A click, as Divar sends it:

curl -s ${gatewayUrl}/divar/session -H 'authorization: ${KEYS.identification}' -H 'content-type: application/json' \\
  -d '{"post_token":"AZf3Uqr3","user_id":"u1","peer_id":"u2","extra_data":{"provider_data":{"order_id":"B-7"}}}'

A message, as your services send it; it appears on both phones:

curl -s ${gatewayUrl}/messages -H 'x-api-key: ${KEYS.caller}' -H 'x-access-token: ${USER_TOKEN}' -H 'content-type: application/json' \\
  -d '{"conversation_id":"${simulator.world.conversationId}","message":"سلام","receiver_btn":{"action":"LINK","data":{"extra_data":{"order_id":"B-7"},"caption":"ادامه"}}}'
`)
stayUp()

async function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<void> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`)
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

function explain(error: unknown): never {
  const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
  const text = error instanceof Error ? error.message : String(error)
  process.stderr.write(
    taken
      ? `The demo needs the ports ${Object.values(ports).join(', ')}; one is taken. Others: npm run demo -- --port 3005 --simulator-port 4005 --app-port 5055\n`
      : `${text}\n`,
  )
  process.exit(1)
}

function stayUp(): void {
  const stop = () => {
    void Promise.all([gateway.stop(), simulator.close(), app.close()])
      .then(() => rm(folder, { recursive: true }))
      .then(() => process.exit(0))
  }
  process.once('SIGINT', stop).once('SIGTERM', stop)
}
