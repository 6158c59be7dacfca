import { randomBytes } from 'node:crypto'
import * as z from 'zod'
import { CLICK_V1, CLICK_V2, MESSAGE_V1, MESSAGE_V2, marked } from '../../test/support/marked-values.ts'
import { ownSqlite } from '../support/databases.ts'
import { environment, KEYS } from '../support/environment.ts'
import { count } from '../support/figures.ts'
import { spawnGateway } from '../support/gateway.ts'
import { answerJson, startService, type Heard } from '../support/service.ts'
import type { Suite } from '../support/suite.ts'
import { askAll, rawClick, rawRequest, rawSend, Wire, type Answer } from '../support/wire.ts'

/** A marker in every field, header, path and answer, one place at a time, and the real secrets in their places: neither leaks. */

const REQUESTS = { short: 500, full: 100_000 }
const CONNECTIONS = 8
/** Not marked: X-Request-Id, which is logged by design. */
const HEADERS = [
  'authorization', 'content-type', 'api-version', 'api_version', 'traceparent', 'tracestate', 'baggage', 'cookie', 'user-agent', 'referer', 'x-api-key', 'x-access-token',
  'idempotency-key', 'prefer', 'forwarded', 'x-forwarded-for', 'accept', 'origin', 'content-encoding',
] // prettier-ignore
const PATHS = [
  '/',
  '/messages/',
  '/messages?',
  '/messages?state=',
  '/messages?cursor=',
  '/clicks/',
  '/grants/',
  '/users/',
  '/oauth/start?click=',
  '/oauth/callback?code=',
  '/metrics?',
  '/healthz?',
  '/%00',
] as const
const TRACEPARENT = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/

export async function proveCanaries(suite: Suite): Promise<void> {
  const { report, short } = suite
  const total = short ? REQUESTS.short : REQUESTS.full
  const mark = `CANARY${randomBytes(6).toString('hex')}`
  const resolverSecret = `prove-resolver-${randomBytes(12).toString('hex')}`
  const traces = { seen: 0, marked: 0 }
  const traced = ({ request: { headers } }: Heard) => {
    const trace = ['traceparent', 'tracestate', 'baggage'].map((name) => String(headers[name] ?? '')).join('')
    if (TRACEPARENT.test(trace)) traces.seen += 1
    else if (trace !== '') traces.marked += 1
  }
  const platform = await startHostilePlatform(suite, mark, traced)
  const resolver = await startHostileResolver(suite, mark, traced)
  const secrets = [mark, ...Object.values(KEYS), resolverSecret]
  const log = new Searched(secrets)
  const variables = {
    RESOLVER: 'forward',
    RESOLVER_URL: `${resolver}/resolve`,
    RESOLVER_SECRET: resolverSecret,
    WRONG_KEYS_PER_MINUTE: '0',
    LOG_LEVEL: 'debug',
    RETRY_FIRST_MS: '50',
    RETRY_MAX_MS: '1000',
  }
  const gateway = spawnGateway(suite, environment(platform, ownSqlite(suite.folder).url, variables), {
    onOutput: (chunk) => {
      log.read(chunk)
    },
  })
  const { port } = await gateway.ready

  const requests = everything(mark)
  const statuses = new Map<number, number>()
  const marked: string[] = []
  let [asked, unanswered] = [0, 0]
  const onAnswer = (answer: Answer | undefined) => {
    if (answer === undefined) {
      unanswered += 1
      return
    }
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
    const body = answer.body.replace(NAMED_TO_ITS_SENDER, '')
    if (secrets.some((secret) => answer.head.includes(secret) || body.includes(secret)))
      marked.push(`${answer.status} ${answer.body}`)
  }
  await askAll(port, CONNECTIONS, () => {
    if (asked % 500 === 0) suite.step(`canaries: ${count(asked)} of ${count(total)}`)
    if (asked >= total) return undefined
    const request = requests[asked % requests.length]
    asked += 1
    return request && { request, onAnswer }
  })
  const metrics = await metricsOf(port)
  await gateway.stop()

  report.section(`canaries: ${count(total)} requests, ${requests.length} different ones`)
  for (const [status, times] of [...statuses].sort(([one], [other]) => one - other))
    report.figure(`answered ${status}`, times)
  report.figure('without an answer', unanswered)
  report.figure('log lines', log.lines)
  report.none('log lines with a secret', log.marked.length)
  report.none('answers with a secret', marked.length)
  report.none('secrets in /metrics', secrets.filter((secret) => metrics.includes(secret)).length)
  report.promise('calls of ours with a trace of their own', traces.seen, 'some', traces.seen > 0)
  report.none('calls of ours whose trace holds anything else', traces.marked)
  for (const text of [...log.marked, ...marked].slice(0, 5)) report.figure(`  ${text.slice(0, 200)}`, '')
}

/** What an answer may give back: names of members that were not read, and of query parameters that do not exist. */
const NAMED_TO_ITS_SENDER = /"ignored":\[[^\]]*\]|"query: (?:[^"\\]|\\.)*"/g

/** Each request once, with the mark in another place. */
function everything(mark: string): Buffer[] {
  const json = (bodies: readonly unknown[]) => bodies.map((body) => JSON.stringify(body))
  const messages = json([...marked(mark, MESSAGE_V1), ...marked(mark, MESSAGE_V2)])
  const broken = [mark, `{"${mark}`, `{"a":"${mark}\\u0000"}`, `{"${mark}\\ud800":1}`, `{"a":1e999,"${mark}":1}`]
  const [click, message] = [JSON.stringify(CLICK_V2), JSON.stringify(MESSAGE_V2)]
  return [
    ...[...json(marked(mark, CLICK_V1)), ...broken].map((body) => rawClick(body)),
    ...json(marked(mark, CLICK_V2)).map((body) => rawClick(body, { 'api-version': '2' })),
    ...[...messages, ...broken].map((body) => rawSend(body)),
    ...messages.map((body) => rawSend(body, { prefer: 'respond-async' })),
    ...HEADERS.flatMap((name) => [
      rawClick(click, { 'api-version': '2', [name]: mark }),
      rawSend(message, { [name]: mark }),
      rawSend(message, { prefer: 'respond-async', [name]: mark }),
    ]),
    ...PATHS.flatMap((path) => [
      rawRequest('GET', `${path}${mark}`, { 'x-api-key': KEYS.caller }),
      rawRequest('DELETE', `${path}${mark}`, { 'x-api-key': KEYS.caller }),
    ]),
    rawRequest(mark, '/messages', {}),
  ]
}

/** Accepts most messages, and puts the marker into its other answers: everywhere but in code and message, which a problem passes on. */
async function startHostilePlatform(suite: Suite, mark: string, heard: (heard: Heard) => void): Promise<string> {
  let served = 0
  const refusal = { code: 7, message: 'no', reason: mark, details: [{ [mark]: mark }] }
  const { url } = await startService(suite, (request, response) => {
    heard(request)
    served += 1
    if (served % 7 === 0) answerJson(response, refusal, 403)
    else if (served % 11 === 0) answerJson(response, refusal, 400)
    else if (served % 13 === 0) answerJson(response, mark)
    else if (served % 17 === 0) answerJson(response, refusal, 500)
    else answerJson(response, { status: 200, message: mark })
  })
  return url
}

/** Answers a landing to most, and to the others the mark where no landing is. */
async function startHostileResolver(suite: Suite, mark: string, heard: (heard: Heard) => void): Promise<string> {
  let served = 0
  const wrong = [
    mark,
    { url: mark },
    { url: `https://${mark}@a.example/` },
    { [mark]: mark },
    { url: 'https://a.example/', scopes: [mark] },
  ]
  const { url } = await startService(suite, (request, response) => {
    heard(request)
    served += 1
    if (served % 5 === 0) answerJson(response, wrong[(served / 5) % wrong.length])
    else if (served % 7 === 0) response.writeHead(302, { location: `https://${mark}.example/` }).end(mark)
    else answerJson(response, { url: 'https://app.example.com/' })
  })
  return url
}

/** The log, read line by line as it is written. */
class Searched {
  readonly marked: string[] = []
  lines = 0
  readonly #secrets: readonly string[]
  #rest = ''

  constructor(secrets: readonly string[]) {
    this.#secrets = secrets
  }

  read(chunk: string): void {
    const lines = (this.#rest + chunk).split('\n')
    this.#rest = lines.pop() ?? ''
    this.lines += lines.length
    for (const line of lines) if (this.#secrets.some((secret) => line.includes(secret))) this.marked.push(line)
  }
}

async function metricsOf(port: number): Promise<string> {
  const wire = await Wire.open(port)
  const answer = await wire.ask(rawRequest('GET', '/metrics', { 'x-api-key': KEYS.caller }))
  wire.close()
  return z.object({ body: z.string().min(1000) }).parse(answer).body
}
