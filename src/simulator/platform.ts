import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

/** A request as it arrived, for looking at afterwards. */
export type Received = {
  method: string
  path: string
  headers: IncomingMessage['headers']
  /** The body's bytes as text. */
  body: string
}

/** What the platform does with the next send in place of accepting it. */
export type Misbehaviour =
  | { kind: 'answer'; status: number; body?: string; headers?: Record<string, string>; delayMs?: number }
  /** Reads the request and never answers. */
  | { kind: 'silence' }
  /** Reads the request, then cuts the connection. */
  | { kind: 'reset' }
  /** Judges the request as ever, so a good one is accepted; then cuts the connection in place of saying so. */
  | { kind: 'reset_after' }
  /** Begins an answer with this status and cuts the connection in the middle of its body. */
  | { kind: 'cut_answer'; status: number }

export type Simulator = {
  port: number
  url: string
  received: readonly Received[]
  /** Queues one misbehaviour; each is used up by one send. */
  misbehave: (next: Misbehaviour) => void
  close: () => Promise<void>
}

export type SimulatorOptions = {
  port?: number
  /** The API key that the platform gave to the app. */
  apiKey: string
  /** Asked for each send when no misbehaviour is queued; without an answer the send is judged as ever. */
  decide?: (received: Received) => Misbehaviour | undefined
  /** Told of each send once its answer is decided, whether or not it gets through; of none, with 0. */
  onSend?: (received: Received, status: number) => void
}

const MAX_BODY_BYTES = 1024 * 1024
const MAX_REMEMBERED = 10_000

const V1_SEND = '/v2/open-platform/chat/conversation'
const V2_SEND = /^\/v2\/open-platform\/conversations\/[^/]+\/messages$/

/**
 * A small stand-in for Divar's side of the chat, on loopback: takes v1 and v2 sends, checks key and token, remembers what arrived,
 * and misbehaves when told to. It shares no code with the gateway.
 */
export async function startSimulator({ port = 0, apiKey, decide, onSend }: SimulatorOptions): Promise<Simulator> {
  const received: Received[] = []
  const misbehaviours: Misbehaviour[] = []
  const server = createServer((request, response) => {
    readBody(request)
      .then((body) => {
        const one = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body }
        if (request.method === 'GET') {
          showLanding(one.path, response)
          return
        }
        received.push(one)
        if (received.length > MAX_REMEMBERED) received.shift()
        const verdict = judge(one, apiKey)
        const next = misbehaviours.shift() ?? decide?.(one) ?? { kind: 'answer', ...verdict }
        onSend?.(one, next.kind === 'reset_after' ? verdict.status : 'status' in next ? next.status : 0)
        perform(next, response)
      })
      .catch(() => response.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve)
  })
  const address = server.address()
  const actual = typeof address === 'object' && address !== null ? address.port : port
  return {
    port: actual,
    url: `http://127.0.0.1:${actual}`,
    received,
    misbehave: (next) => misbehaviours.push(next),
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
        server.closeAllConnections()
      }),
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  let text = ''
  request.setEncoding('utf8')
  for await (const chunk of request) {
    text += String(chunk)
    if (text.length > MAX_BODY_BYTES) throw new Error('body too large')
  }
  return text
}

/** What the platform would say: 200 as in its own samples, else a code and a message. */
function judge({ method, path, headers, body }: Received, apiKey: string): { status: number; body: string } {
  const isV1 = path === V1_SEND
  if (method !== 'POST' || (!isV1 && !V2_SEND.test(path))) return refuse(404, 5, 'Not Found')
  if (headers['x-api-key'] !== apiKey) return refuse(401, 16, 'invalid api key')
  const token = isV1 ? headers['x-access-token'] : /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1]
  if (token === undefined || token === '') return refuse(401, 16, 'invalid access token')
  if (!/^application\/json\b/.test(headers['content-type'] ?? '')) return refuse(415, 3, 'expected application/json')
  return isObject(body)
    ? { status: 200, body: JSON.stringify({ status: 200, message: 'success' }) }
    : refuse(400, 3, 'malformed body')
}

function refuse(status: number, code: number, message: string): { status: number; body: string } {
  return { status, body: JSON.stringify({ code, message }) }
}

function isObject(body: string): boolean {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

function perform(what: Misbehaviour, response: ServerResponse): void {
  switch (what.kind) {
    case 'answer':
      after(what.delayMs, response, () => {
        response.writeHead(what.status, { 'content-type': 'application/json', ...what.headers }).end(what.body)
      })
      break
    case 'silence':
      break
    case 'reset':
    case 'reset_after':
      response.destroy()
      break
    case 'cut_answer':
      response.writeHead(what.status, { 'content-type': 'application/json', 'content-length': '100' })
      response.write('{"status":', () => response.destroy())
      break
  }
}

function after(ms: number | undefined, response: ServerResponse, act: () => void): void {
  if (ms === undefined) {
    act()
    return
  }
  const timer = setTimeout(act, ms)
  response.once('close', () => {
    clearTimeout(timer)
  })
}

/** The page behind the demo's landings: says what the app would now know. */
function showLanding(path: string, response: ServerResponse): void {
  const { pathname, searchParams } = new URL(`http://127.0.0.1${path}`)
  const known = [...searchParams].map(([name, value]) => `  ${name}: ${value}\n`).join('')
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end(`Landed on ${pathname} with\n${known}`)
}
