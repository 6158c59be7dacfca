import type { ServerResponse } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { CLICK_V2 } from '../../test/support/marked-values.ts'
import { ownSqlite } from '../support/databases.ts'
import { environment } from '../support/environment.ts'
import { highest, mebibytes, milliseconds, quantile } from '../support/figures.ts'
import { spawnGateway } from '../support/gateway.ts'
import { watchProcess } from '../support/proc.ts'
import { answerJson, startService, startTakingPlatform } from '../support/service.ts'
import type { Suite } from '../support/suite.ts'
import { rawClick, Wire } from '../support/wire.ts'

/** A resolver's service that harms instead of answering: clicks end in time, little of it stays, and a dead one is left alone. */

const TIMEOUT_MS = 500
const MARGIN_MS = 100
const ROUNDS = { short: 5, full: 250 }
/** Failures in a row open the breaker, and then nothing is measured: so after this number one call succeeds. */
const FAILURES_IN_A_ROW = 4
const MAY_GROW_MIB = 20
const WARM_UP = 300
const AT_ONCE_MS = 100
const FALLBACK = 'https://app.example.com/sorry'

const PIECE = Buffer.alloc(64 * 1024, 0x20)
const PIECES = (100 * 1024 * 1024) / PIECE.length

const MODES = {
  hangs: () => undefined,
  'trickles a byte a second': (response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'application/json' }).write('{')
    const timer = setInterval(() => response.write(' '), 1000)
    response.once('close', () => {
      clearInterval(timer)
    })
  },
  'answers 100 MB': (response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    let left = PIECES
    const more = () => {
      while (left > 0 && !response.destroyed) {
        left -= 1
        if (!response.write(PIECE)) {
          response.once('drain', more)
          return
        }
      }
      response.end()
    }
    more()
  },
  resets: (response: ServerResponse) => {
    response.socket?.resetAndDestroy()
  },
  'breaks off': (response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1000 }).write('{"url":')
    response.socket?.end()
  },
} as const

type Mode = keyof typeof MODES | 'answers'

export async function proveResolvers(suite: Suite): Promise<void> {
  const state: { mode: Mode; asked: number } = { mode: 'answers', asked: 0 }
  const service = await startService(suite, (_heard, response) => {
    state.asked += 1
    if (state.mode === 'answers') answerJson(response, { url: 'https://app.example.com/' })
    else MODES[state.mode](response)
  })
  const variables = {
    RESOLVER: 'forward',
    RESOLVER_URL: `${service.url}/resolve`,
    RESOLVER_SECRET: 'prove-resolver-secret',
    RESOLVER_TIMEOUT_MS: String(TIMEOUT_MS),
    FALLBACK_LANDING_URL: FALLBACK,
  }
  const platform = await startTakingPlatform(suite)
  const gateway = spawnGateway(suite, environment(platform, ownSqlite(suite.folder).url, variables))
  const { port } = await gateway.ready
  const clicks = clicksOn(port)
  suite.step('resolvers: warming up')
  for (let made = 0; made < WARM_UP; made += 1) await clicks(FAILURES_IN_A_ROW)

  for (const mode of ['hangs', 'trickles a byte a second', 'answers 100 MB', 'resets', 'breaks off'] as const) {
    await proveMode(suite, { mode, state, clicks, pid: gateway.pid })
  }
  await proveBreaker(suite, state, clicks, 'hangs', () => undefined)
  state.mode = 'answers'
  const isBack = async () => (await clicks(1))[0]?.url !== FALLBACK
  const ms = await suite.until('the resolver is asked again', isBack, 15_000)
  suite.report.promise(
    'asked again once it answers',
    ms === undefined ? 'never' : milliseconds(ms),
    'within 15 s',
    ms !== undefined,
  )
  await proveBreaker(suite, state, clicks, 'is dead', service.close)
  await gateway.stop()
}

type Clicked = { ms: number; url: string }
type Clicks = (times: number) => Promise<Clicked[]>

/** Sends a number of clicks at once, each on its own keep-alive connection. */
function clicksOn(port: number): Clicks {
  const request = rawClick(JSON.stringify(CLICK_V2), { 'api-version': '2' })
  const wires: Wire[] = []
  const one = async (index: number): Promise<Clicked> => {
    let wire = wires[index]
    if (!wire?.isUsable) wires[index] = wire = await Wire.open(port)
    const begun = performance.now()
    const answer = await wire.ask(request)
    return { ms: performance.now() - begun, url: /"url":"([^"]*)"/.exec(answer?.body ?? '')?.[1] ?? '' }
  }
  return (times) => Promise.all(Array.from({ length: times }, (_, index) => one(index)))
}

type Tried = { mode: keyof typeof MODES; state: { mode: Mode; asked: number }; clicks: Clicks; pid: number }

async function proveMode({ report, short, step }: Suite, { mode, state, clicks, pid }: Tried): Promise<void> {
  const rounds = short ? ROUNDS.short : ROUNDS.full
  const clicked: Clicked[] = []
  const memory = watchProcess(pid, 20)
  const [before] = memory.samples
  const asked = state.asked
  for (let round = 0; round < rounds; round += 1) {
    step(`a resolver that ${mode}: ${round} of ${rounds}`)
    state.mode = mode
    clicked.push(...(await clicks(FAILURES_IN_A_ROW)))
    state.mode = 'answers'
    await clicks(1)
  }
  // What was given up is let go of now.
  await setTimeout(200)
  memory.stop()
  const times = clicked.map(({ ms }) => ms)
  const [p99, slowest] = [quantile(times, 0.99), highest(times)]
  const grown = highest(memory.samples.map(({ mib }) => mib)) - (before?.mib ?? NaN)
  report.section(`a resolver that ${mode}: ${times.length} clicks, RESOLVER_TIMEOUT_MS=${TIMEOUT_MS}`)
  report.promise(
    'asked for each click',
    state.asked - asked,
    'every time',
    state.asked - asked === times.length + rounds,
  )
  report.none('clicks not led to the fallback', clicked.filter(({ url }) => url !== FALLBACK).length)
  report.figure('the slowest answer', milliseconds(slowest))
  report.figure(
    `answers beyond the deadline and ${MARGIN_MS} ms`,
    times.filter((ms) => ms > TIMEOUT_MS + MARGIN_MS).length,
  )
  report.promise(
    'p99 of the answers',
    milliseconds(p99),
    `at most ${TIMEOUT_MS + MARGIN_MS} ms`,
    p99 <= TIMEOUT_MS + MARGIN_MS,
  )
  report.promise(
    'memory: most, above the beginning',
    mebibytes(grown),
    `below ${MAY_GROW_MIB} MiB`,
    grown < MAY_GROW_MIB,
  )
}

/** After five failures in a row the breaker is open: clicks are answered at once, without a call of the resolver. */
async function proveBreaker(
  { report, step }: Suite,
  state: { mode: Mode; asked: number },
  clicks: Clicks,
  title: 'hangs' | 'is dead',
  begin: () => void,
): Promise<void> {
  step(`the breaker before a resolver that ${title}`)
  state.mode = 'hangs'
  begin()
  let asked = state.asked
  for (let failures = 0; failures < 5; failures += 1) await clicks(1)
  const during = state.asked - asked
  asked = state.asked
  const after: Clicked[] = []
  for (let round = 0; round < 20; round += 1) after.push(...(await clicks(10)))
  const p99 = quantile(
    after.map(({ ms }) => ms),
    0.99,
  )
  report.section(`the breaker before a resolver that ${title}: after five failures`)
  if (title === 'hangs') report.promise('asked until then', during, 'must be 5', during === 5)
  report.none(`asked by the next ${after.length} clicks`, state.asked - asked)
  report.none('clicks not led to the fallback', after.filter(({ url }) => url !== FALLBACK).length)
  report.figure('the slowest answer', milliseconds(highest(after.map(({ ms }) => ms))))
  report.promise('p99 of the answers', milliseconds(p99), `at most ${AT_ONCE_MS} ms`, p99 <= AT_ONCE_MS)
}
