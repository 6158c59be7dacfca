import fc from 'fast-check'
import { ownSqlite } from '../support/databases.ts'
import { environment } from '../support/environment.ts'
import { SECRET } from '../support/event-receiver.ts'
import { count, mebibytes, seconds } from '../support/figures.ts'
import { spawnGateway } from '../support/gateway.ts'
import { residentMib, riseOf } from '../support/proc.ts'
import { startService, startTakingPlatform } from '../support/service.ts'
import type { Suite } from '../support/suite.ts'
import { askAll, rawClick, rawEvent, rawSend, type Answer, type Asked } from '../support/wire.ts'
import { generated, type Generated } from './generated.ts'

/** Whatever bodies come as clicks, messages and events: no answer is our failure, and nothing of them stays in memory. */

const BODIES = { short: 4000, full: 1_000_000 }
const BATCH = 500
const CONNECTIONS = 16
const LOOK_EVERY = 200
/** Over the second half; the first warms up. A short run is over before V8 has settled on the size of its heap. */
const MAY_RISE_MIB = { short: 40, full: 15 }

export async function proveBodies(suite: Suite): Promise<void> {
  const { report, short } = suite
  const total = short ? BODIES.short : BODIES.full
  const receiver = await startService(suite, (_heard, response) => response.writeHead(204).end())
  const events = { EVENTS_URL: receiver.url, EVENTS_SECRET: SECRET, EVENTS_QUEUE_LIMIT: '1000000' }
  const platformUrl = await startTakingPlatform(suite)
  const gateway = spawnGateway(suite, environment(platformUrl, ownSqlite(suite.folder).url, events))
  const { port } = await gateway.ready
  const found = { unanswered: 0, ours: 0, misshapen: 0, statuses: new Map<number, number>() }
  const memory: { x: number; y: number }[] = []
  let answered = 0
  const judge = (body: Generated, answer: Answer | undefined) => {
    answered += 1
    if (answered % LOOK_EVERY === 0) memory.push({ x: answered, y: residentMib(gateway.pid) })
    if (answer === undefined) {
      found.unanswered += 1
      return
    }
    const { status } = answer
    found.statuses.set(status, (found.statuses.get(status) ?? 0) + 1)
    if (status >= 500) found.ours += 1
    if (status >= 500 && found.ours <= 3)
      report.figure(`  ${body.door}, ${body.body.toString('latin1').slice(0, 200)}`, answer.body)
    if (!hasItsShape(body, answer)) found.misshapen += 1
  }
  const bodies = bodiesOf(suite, total)
  const begun = performance.now()
  await askAll(port, CONNECTIONS, () => {
    const { value } = bodies.next()
    return value === undefined ? undefined : requestOf(value, judge)
  })
  const ms = performance.now() - begun
  const half = memory.slice(memory.length / 2)
  await gateway.stop()

  report.section(
    `bodies: ${count(total)} generated clicks, messages and events, ${CONNECTIONS} connections, ${seconds(ms)}`,
  )
  for (const [status, times] of [...found.statuses].sort(([one], [other]) => one - other))
    report.figure(`answered ${status}`, times)
  report.none('answered 5xx', found.ours)
  report.none('without an answer', found.unanswered)
  report.none("answers that have not their side's shape", found.misshapen)
  report.figure('memory after the first half', mebibytes(half[0]?.y ?? NaN))
  const rise = riseOf(half)
  const limit = short ? MAY_RISE_MIB.short : MAY_RISE_MIB.full
  report.promise('memory: slope over the second half', mebibytes(rise), `at most ${limit} MiB`, rise <= limit)
}

function* bodiesOf(suite: Suite, total: number): Generator<Generated, undefined> {
  for (let made = 0; made < total; made += BATCH) {
    suite.step(`bodies: ${count(made)} of ${count(total)}`)
    yield* fc.sample(generated, { seed: suite.seed + made, numRuns: Math.min(BATCH, total - made) })
  }
}

function requestOf(body: Generated, judge: (body: Generated, answer: Answer | undefined) => void): Asked {
  const onAnswer = (answer: Answer | undefined) => {
    judge(body, answer)
  }
  if (body.door === 'message') {
    return { request: rawSend(body.body, body.isAsync ? { prefer: 'respond-async' } : {}), onAnswer }
  }
  if (body.door === 'event') return { request: rawEvent(body.body), onAnswer }
  return { request: rawClick(body.body, { 'api-version': body.door === 'click v1' ? '1' : '2' }), onAnswer }
}

/** The keys that Divar reads, a problem or a receipt for our own services. */
function hasItsShape({ door }: Generated, { status, body }: Answer): boolean {
  switch (door) {
    case 'message':
      return status < 300 ? body.startsWith('{') : body.includes('"code":"') && body.includes('"request_id":"')
    case 'event':
      return status === 200 ? body === '{}' : new RegExp(`^\\{"status":"${status}","message":".*"\\}$`, 's').test(body)
    case 'click v1':
    case 'click v2':
      return new RegExp(`^\\{"status":"${status}","message":".*","url":".*"\\}$`, 's').test(body)
  }
}
