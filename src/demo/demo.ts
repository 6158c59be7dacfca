import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createLogger } from '../base/log.ts'
import { readConfig } from '../process/config.ts'
import { startGateway } from '../process/gateway.ts'
import { startSimulator, type Received } from '../simulator/platform.ts'
import { clickV1, messageV1 } from './samples.ts'

/** Not secrets: they open nothing but this demo, on this machine. */
const KEYS = { identification: 'demo-identification-key', caller: 'demo-internal-key', api: 'demo-divar-api-key' }
const USER_TOKEN = 'demo-user-token'
const { values: ports } = parseArgs({
  options: { port: { type: 'string', default: '3000' }, 'simulator-port': { type: 'string', default: '4000' } },
})

/** The demo's store and its key last as long as the demo. */
const folder = await mkdtemp(join(tmpdir(), 'kenar-demo-'))
const simulator = await startSimulator({
  port: Number(ports['simulator-port']),
  apiKey: KEYS.api,
  onSend: showArrival,
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
    RESOLVER: 'template',
    LANDING_URL_TEMPLATE: `${simulator.url}/start{?post_token,side,data.order_id}`,
    DATABASE_URL: `file:${join(folder, 'gateway.db')}`,
    TOKEN_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
  }),
  createLogger('warn'),
).catch(explain)
const url = `http://127.0.0.1:${gateway.port}`

say(`Gateway on ${url}, a stand-in for Divar on ${simulator.url}.\n`)
await play('1. A click: Divar asks where the user goes', '/divar/session', clickV1, {
  authorization: KEYS.identification,
})
await play('2. A message: a service writes into the chat', '/messages', messageV1, {
  'x-api-key': KEYS.caller,
  'x-access-token': USER_TOKEN,
})
say(`Your turn (both stay up; Ctrl-C ends them):

curl -s ${url}/divar/session -H 'authorization: ${KEYS.identification}' -H 'content-type: application/json' \\
  -d '{"post_token":"AZf3Uqr3","user_id":"u1","peer_id":"u2","extra_data":{"provider_data":{"order_id":"B-7"}}}'

curl -s ${url}/messages -H 'x-api-key: ${KEYS.caller}' -H 'x-access-token: ${USER_TOKEN}' -H 'content-type: application/json' \\
  -d '{"conversation_id":"c1","message":"سلام","receiver_btn":{"action":"LINK","data":{"extra_data":{"order_id":"B-7"},"caption":"ادامه"}}}'
`)
stayUp()

/** Sends one request over a real socket and prints both sides of it. */
async function play(title: string, path: string, body: unknown, headers: Record<string, string>): Promise<void> {
  say(`── ${title}\n`)
  say(
    `> POST ${path}\n${Object.entries(headers)
      .map(([name, value]) => `> ${name}: ${value}\n`)
      .join('')}${pretty(body)}\n`,
  )
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  say(`< ${response.status}\n${pretty(await response.json())}\n`)
}

function showArrival({ method, path, headers, body }: Received, status: number): void {
  const shown = ['x-api-key', 'x-access-token', 'authorization'].filter((name) => headers[name] !== undefined)
  say(`   what Divar received, and answered with ${status}:\n`)
  say(
    `>> ${method} ${path}\n${shown.map((name) => `>> ${name}: ${String(headers[name])}\n`).join('')}${prettyText(body)}\n`,
  )
}

function pretty(value: unknown): string {
  return JSON.stringify(value, null, 2)
}

function prettyText(text: string): string {
  try {
    return pretty(JSON.parse(text))
  } catch {
    return text
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

function explain(error: unknown): never {
  const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
  const text = error instanceof Error ? error.message : String(error)
  process.stderr.write(
    taken
      ? `The demo needs the ports ${ports.port} and ${ports['simulator-port']}; one is taken. Others: npm run demo -- --port 3005 --simulator-port 4005\n`
      : `${text}\n`,
  )
  process.exit(1)
}

function stayUp(): void {
  const stop = () => {
    void Promise.all([gateway.stop(), simulator.close()])
      .then(() => rm(folder, { recursive: true }))
      .then(() => process.exit(0))
  }
  process.once('SIGINT', stop).once('SIGTERM', stop)
}
