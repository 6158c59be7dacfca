import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { NODE_FLAGS } from '../prove/support/node-flags.ts'
import type { Exchange } from './support/load.ts'
import { DELIVERED } from '../prove/support/bare-platform.ts'
import type { Server } from './support/server.ts'

/** The servers that are compared, and the request that each of them gets. */

const DIVAR_KEY = 'bench-identification-key'
const CALLER_KEY = 'bench-caller-key-0123456789'
const PLATFORM_KEY = 'bench-platform-key'
const USER_TOKEN = `bench-user-token-${'0'.repeat(48)}`
const CONVERSATION = '6b3d5cf7-9291-4fa9-892a-9d07e300daea'

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const CLICK = compact('../test/fixtures/click-v1-seed.json')
const MESSAGE = compact('../test/fixtures/message-v2-grid.json')

const LANDED = JSON.stringify({
  status: '200',
  message: 'success',
  url: 'https://app.example.com/start?post_token=AZf3Uqr3&user_id=e9ba8a81-9583-4f7c-af54-b07df089d971&data.order_id=A-1029',
})

export const clickServers: readonly Server[] = [
  peer('bare node:http', 'click-bare.mjs', { DIVAR_KEY }, click),
  peer('fastify', 'fastify.mjs', { DIVAR_KEY }, click),
  peer('Express', 'express.mjs', { DIVAR_KEY }, click),
  peer('Bolt', 'bolt.mjs', { DIVAR_KEY }, signedClick),
  gateway({}, click),
]

/** @param platformPort where the platform listens to which messages are sent on */
export function sendServers(platformPort: number): Server[] {
  const PLATFORM_URL = `http://127.0.0.1:${platformPort}`
  const environment = { CALLER_KEY, PLATFORM_KEY, PLATFORM_URL }
  return [
    peer('bare node:http + undici Pool', 'send-bare.mjs', environment, send),
    peer('fastify + undici Pool', 'fastify.mjs', environment, send),
    peer('Express + fetch', 'express.mjs', environment, send),
    gateway({ DIVAR_API_URL: PLATFORM_URL, DIVAR_V1_API_URL: PLATFORM_URL }, send),
  ]
}

/** Plain Node: what its author would run. */
function peer(name: string, script: string, environment: Record<string, string>, exchange: () => Exchange): Server {
  const file = fileURLToPath(new URL(`servers/${script}`, import.meta.url))
  return { name, command: [process.execPath, file], environment, exchange }
}

/** As it ships: every check, and its log. */
export function gateway(more: Record<string, string>, exchange: () => Exchange): Server {
  const environment = {
    HOST: '127.0.0.1',
    DIVAR_IDENTIFICATION_KEY: DIVAR_KEY,
    DIVAR_API_KEY: PLATFORM_KEY,
    INTERNAL_API_KEYS: `orders:${CALLER_KEY}`,
    RESOLVER: 'template',
    LANDING_URL_TEMPLATE: 'https://app.example.com/start{?post_token,user_id,data.order_id}',
    ...more,
  }
  return {
    name: 'this gateway',
    command: [process.execPath, ...NODE_FLAGS, MAIN],
    environment,
    exchange,
  }
}

export function click(): Exchange {
  return clickWith({ authorization: DIVAR_KEY })
}

/** Bolt accepts what was signed with the secret in the last five minutes. */
function signedClick(): Exchange {
  const timestamp = String(Math.floor(Date.now() / 1000))
  const mac = createHmac('sha256', DIVAR_KEY).update(`v0:${timestamp}:${CLICK}`).digest('hex')
  return clickWith({ 'x-slack-request-timestamp': timestamp, 'x-slack-signature': `v0=${mac}` })
}

function clickWith(headers: Record<string, string>): Exchange {
  return {
    request: post('/divar/session', CLICK, headers),
    expected: { prefix: LANDED, length: LANDED.length },
  }
}

function send(): Exchange {
  const body = JSON.stringify({ conversation_id: CONVERSATION, ...JSON.parse(MESSAGE) })
  return {
    request: post('/messages', body, { 'x-api-key': CALLER_KEY, authorization: `Bearer ${USER_TOKEN}` }),
    // Ids differ, and have one length.
    expected: { prefix: DELIVERED.slice(0, DELIVERED.indexOf('msg_')), length: DELIVERED.length },
  }
}

function post(path: string, body: string, headers: Record<string, string>): string {
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
