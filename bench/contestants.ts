import { createHmac } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { NODE_FLAGS } from '../prove/support/node-flags.ts'
import type { Contestant } from './support/contestant.ts'
import { DELIVERED } from './support/stand-in.ts'
import type { Expected } from './support/wire.ts'

/** Who is measured on the two paths, what each is told, and what it is asked. */

const DIVAR_KEY = 'bench-identification-key'
const CALLER_KEY = 'bench-caller-key-0123456789'
const PLATFORM_KEY = 'bench-platform-key'
const USER_TOKEN = `bench-user-token-${'0'.repeat(48)}`
const CONVERSATION = '6b3d5cf7-9291-4fa9-892a-9d07e300daea'
const TEMPLATE = 'https://app.example.com/start{?post_token,user_id,data.order_id}'

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const NGINX = '/usr/sbin/nginx'

const CLICK = compact('../test/fixtures/click-v1-seed.json')
const MESSAGE = compact('../test/fixtures/message-v2-grid.json')

const LANDED = JSON.stringify({
  status: '200',
  message: 'success',
  url: 'https://app.example.com/start?post_token=AZf3Uqr3&user_id=e9ba8a81-9583-4f7c-af54-b07df089d971&data.order_id=A-1029',
})
const landed: Expected = { prefix: LANDED, length: LANDED.length }
/** Ids differ, and have one length. */
const delivered: Expected = { prefix: DELIVERED.slice(0, DELIVERED.indexOf('msg_')), length: DELIVERED.length }

/** What ours runs with besides: every guard, and its log on. */
const OURS = {
  HOST: '127.0.0.1',
  DIVAR_IDENTIFICATION_KEY: DIVAR_KEY,
  DIVAR_API_KEY: PLATFORM_KEY,
  INTERNAL_API_KEYS: `orders:${CALLER_KEY}`,
  RESOLVER: 'template',
  LANDING_URL_TEMPLATE: TEMPLATE,
}

export const clickContestants: readonly Contestant[] = [
  { ...bareClick(), isCountedSlowly: true },
  { ...clicked('fastify + ajv, no log', ['click-fastify.mjs']), isCountedSlowly: true },
  clicked('plain Express', ['click-express.mjs']),
  { ...clicked('Bolt HTTPReceiver', ['click-bolt.mjs', 'http']), requests: signedClick },
  { ...clicked('Bolt ExpressReceiver', ['click-bolt.mjs', 'express']), requests: signedClick },
  { ...ourClick(), isCountedSlowly: true },
]

/** @param clicks bodies in place of the one, when the landing stays the same */
export function ourClick(name = 'this gateway', clicks: readonly string[] = [CLICK]): Contestant {
  return { name, start: (port) => ours(port, OURS), requests: () => clickRequests(clicks), expected: landed }
}

/** @param clicks as for ours */
export function bareClick(name = 'bare node:http', clicks: readonly string[] = [CLICK]): Contestant {
  return clicked(name, ['click-bare.mjs'], clicks)
}

function clickRequests(clicks: readonly string[]): string[] {
  return clicks.map((click) => request('/divar/session', click, { authorization: DIVAR_KEY }))
}

/** As many clicks as keys in their data, all of one size: what an app that makes keys from ids would send. */
export function clicksWithKeys(count: number): string[] {
  return Array.from({ length: count }, (_, index) =>
    CLICK.replace('"step":"inspect"', `"step_${String(index).padStart(8, '0')}":"inspect"`),
  )
}

/** On a path where nginx is installed, it takes part. */
export function sendContestants(platformPort: number, folder: string): Contestant[] {
  return [
    sent('bare + undici Pool', platformPort, 'send-bare-undici.mjs'),
    sent('bare + http.request', platformPort, 'send-bare-http.mjs'),
    ...(existsSync(NGINX) ? [nginx(platformPort, folder)] : []),
    sent('plain Express + fetch', platformPort, 'send-express.mjs'),
    ourSend('this gateway', platformPort),
  ]
}

/** @param callers how many have keys; the one that sends is the last */
export function ourSend(name: string, platformPort: number, callers = 1): Contestant {
  const url = `http://127.0.0.1:${platformPort}`
  const others = Array.from({ length: callers - 1 }, (_, index) => `caller-${index}:bench-other-key-${1e12 + index}`)
  const environment = {
    ...OURS,
    DIVAR_API_URL: url,
    DIVAR_V1_API_URL: url,
    INTERNAL_API_KEYS: [...others, OURS.INTERNAL_API_KEYS].join(','),
  }
  return { name, start: (port) => ours(port, environment), requests: () => [sendRequest()], expected: delivered }
}

function clicked(
  name: string,
  [script = '', ...args]: readonly string[],
  clicks: readonly string[] = [CLICK],
): Contestant {
  return {
    name,
    start: (port) => peer(script, args, { PORT: String(port), DIVAR_KEY }),
    requests: () => clickRequests(clicks),
    expected: landed,
  }
}

function sent(name: string, platformPort: number, script: string): Contestant {
  return {
    name,
    start: (port) =>
      peer(script, [], {
        PORT: String(port),
        CALLER_KEY,
        PLATFORM_KEY,
        PLATFORM_URL: `http://127.0.0.1:${platformPort}`,
      }),
    requests: () => [sendRequest()],
    expected: delivered,
  }
}

/** One worker, no log, keep-alive upstream: what a proxy that looks at nothing costs. */
function nginx(platformPort: number, folder: string): Contestant {
  return {
    name: 'nginx proxy_pass',
    start: (port) => {
      const home = join(folder, `nginx-${port}`)
      mkdirSync(home)
      const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
        (kind) => `  ${kind}_temp_path ${home}/${kind};`,
      )
      writeFileSync(
        join(home, 'nginx.conf'),
        `daemon off; master_process off; pid ${home}/pid; error_log ${home}/error.log;
events { worker_connections 512; }
http {
  access_log off; keepalive_requests 100000000;
${temporary.join('\n')}
  upstream platform { server 127.0.0.1:${platformPort}; keepalive 64; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass http://platform; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
}
`,
      )
      return { command: NGINX, args: ['-p', home, '-c', join(home, 'nginx.conf')], environment: {} }
    },
    requests: () => [sendRequest()],
    expected: delivered,
  }
}

function ours(port: number, environment: Record<string, string>) {
  return { command: process.execPath, args: [...NODE_FLAGS, MAIN], environment: { ...environment, PORT: String(port) } }
}

function peer(script: string, args: readonly string[], environment: Record<string, string>) {
  const file = fileURLToPath(new URL(`contestants/${script}`, import.meta.url))
  return { command: process.execPath, args: [file, ...args], environment }
}

/** Bolt lets in what is signed with the secret not long ago. */
function signedClick(): string[] {
  const timestamp = String(Math.floor(Date.now() / 1000))
  const mac = createHmac('sha256', DIVAR_KEY).update(`v0:${timestamp}:${CLICK}`).digest('hex')
  const headers = { 'x-slack-request-timestamp': timestamp, 'x-slack-signature': `v0=${mac}` }
  return [request('/divar/session', CLICK, headers)]
}

function sendRequest(): string {
  const body = JSON.stringify({ conversation_id: CONVERSATION, ...JSON.parse(MESSAGE) })
  return request('/messages', body, { 'x-api-key': CALLER_KEY, authorization: `Bearer ${USER_TOKEN}` })
}

function request(path: string, body: string, headers: Record<string, string>): string {
  const lines = Object.entries({
    host: 'bench.example',
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`)
  return `POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`
}

function compact(fixture: string): string {
  return JSON.stringify(JSON.parse(readFileSync(new URL(fixture, import.meta.url), 'utf8')))
}
