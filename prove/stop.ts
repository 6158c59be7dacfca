import { setTimeout } from 'node:timers/promises'
import { CLICK_V2, MESSAGE_V2 } from '../test/support/marked-values.ts'
import { ownSqlite } from './support/databases.ts'
import { environment } from './support/environment.ts'
import { count, highest, median, seconds } from './support/figures.ts'
import { spawnGateway } from './support/gateway.ts'
import { answerJson, startService, startTakingPlatform } from './support/service.ts'
import { runSuite, type Suite } from './support/suite.ts'
import { rawClick, rawRequest, rawSend, Wire } from './support/wire.ts'

/**
 * SIGTERM under load, repeatedly: a well-behaved proxy gets an answer to every request. Such a proxy keeps its connections, does not reuse one
 * that was announced to close, opens none to a gateway whose /readyz fails, and tries another gateway when a connection is refused. A refused
 * connection is not counted as a failed request.
 */

const STOPS = { short: 5, full: 50 }
const CLICKERS = 24
const SENDERS = 8
const RESOLVER_MS = 20
const PLATFORM_MS = 30
/** How long the load runs before the signal. */
const LOADED_MS = { min: 100, max: 600 }
const ENDED_WITHIN_MS = 10_000
/** A connection that rests now and then, as a proxy's do between two requests. */
const REST_MS = 5
const LOOK_EVERY_MS = 50

const READYZ = rawRequest('GET', '/readyz', {})

type Found = {
  answered: number
  failed: Map<number, number>
  lostKept: number
  lostFresh: number
  refused: number
  /** Connections that were not opened, since the gateway was not ready. */
  sparedBy503: number
}

await runSuite('stop', { shortS: 60, fullS: 600 }, async (suite) => {
  const { report, short } = suite
  const platform = await startTakingPlatform(suite, PLATFORM_MS)
  const { url } = await startService(suite, (_heard, response) => {
    void setTimeout(RESOLVER_MS).then(() => {
      answerJson(response, { url: 'https://app.example.com/' })
    })
  })
  const variables = { RESOLVER: 'forward', RESOLVER_URL: `${url}/resolve`, RESOLVER_SECRET: 'prove-resolver-secret' }
  const found: Found = { answered: 0, failed: new Map(), lostKept: 0, lostFresh: 0, refused: 0, sparedBy503: 0 }
  const took: number[] = []
  const undrained = { times: 0 }
  const stops = short ? STOPS.short : STOPS.full
  for (let round = 1; round <= stops; round += 1) {
    suite.step(`SIGTERM ${round} of ${stops}`)
    took.push(await stopOnce(suite, environment(platform, ownSqlite(suite.folder).url, variables), found, undrained))
  }

  report.section(`stop: SIGTERM ${stops} times, under ${CLICKERS} connections that click and ${SENDERS} that send`)
  report.figure('requests answered', found.answered)
  report.figure('connections not opened, since /readyz said 503', found.sparedBy503)
  report.figure('connections refused, after the listener was closed', found.refused)
  const seen = found.sparedBy503
  report.promise('/readyz answered 503 before the listener was closed', seen, 'some', seen > 0)
  report.none(
    'answered 5xx',
    [...found.failed.values()].reduce((sum, times) => sum + times, 0),
  )
  for (const [status, times] of found.failed) report.figure(`  answered ${status}`, times)
  report.none('without an answer, on a connection that had answers before', found.lostKept)
  report.none('without an answer, on a new connection', found.lostFresh)
  report.none('stops that did not finish what ran', undrained.times)
  report.figure('from the signal to the end, median', seconds(median(took)))
  const slowest = highest(took)
  report.promise(
    'from the signal to the end, the slowest',
    seconds(slowest),
    `within ${seconds(ENDED_WITHIN_MS)}`,
    slowest <= ENDED_WITHIN_MS,
  )
  report.promise('under load', count(found.answered), 'some', found.answered > stops * (CLICKERS + SENDERS))
})

async function stopOnce(
  suite: Suite,
  variables: Record<string, string>,
  found: Found,
  undrained: { times: number },
): Promise<number> {
  let output = ''
  const gateway = spawnGateway(suite, variables, {
    onOutput: (chunk) => (output = (output + chunk).slice(-65_536)),
  })
  const { port } = await gateway.ready
  const click = rawClick(JSON.stringify(CLICK_V2), { 'api-version': '2' })
  const sends = [rawSend(JSON.stringify(MESSAGE_V2)), rawSend(JSON.stringify(MESSAGE_V2), { prefer: 'respond-async' })]
  const proxy = { isReady: true }
  const clients = [
    lookAt(port, proxy),
    ...Array.from({ length: CLICKERS }, (_, index) =>
      ask(suite, { port, proxy, request: click, rests: index % 2 === 0, found }),
    ),
    ...Array.from({ length: SENDERS }, (_, index) =>
      ask(suite, { port, proxy, request: sends[index % 2] ?? click, rests: index % 4 < 2, found }),
    ),
  ]
  await setTimeout(suite.random.integer(LOADED_MS.min, LOADED_MS.max))
  const begun = performance.now()
  await gateway.stop()
  const took = performance.now() - begun
  await Promise.all(clients)
  if (!output.includes('"drained":true')) undrained.times += 1
  return took
}

/** What the proxy sees of readiness; it looks on a connection of its own each time, until there is none. */
async function lookAt(port: number, proxy: { isReady: boolean }): Promise<void> {
  while (proxy.isReady) {
    const wire = await Wire.open(port).catch(() => undefined)
    const answer = await wire?.ask(READYZ)
    wire?.close()
    proxy.isReady = answer?.status === 200
    await setTimeout(LOOK_EVERY_MS)
  }
}

type LoadClient = { port: number; proxy: { isReady: boolean }; request: Buffer; rests: boolean; found: Found }

/** Sends requests until the gateway is not ready or refuses connections. */
async function ask({ random }: Suite, { port, proxy, request, rests, found }: LoadClient): Promise<void> {
  for (;;) {
    if (!proxy.isReady) {
      found.sparedBy503 += 1
      return
    }
    const wire = await Wire.open(port).catch(() => undefined)
    if (wire === undefined) {
      found.refused += 1
      return
    }
    while (wire.isUsable) {
      const answer = await wire.ask(request)
      if (answer !== undefined) {
        found.answered += 1
        if (answer.status >= 500) found.failed.set(answer.status, (found.failed.get(answer.status) ?? 0) + 1)
        if (rests) await setTimeout(random.integer(0, REST_MS))
      } else if (wire.answers > 0) found.lostKept += 1
      else found.lostFresh += 1
    }
    wire.close()
  }
}
