import { writeFile } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { CLICK_V2, MESSAGE_V2 } from '../test/support/marked-values.ts'
import { ownSqlite } from './support/databases.ts'
import { environment } from './support/environment.ts'
import { highest, mebibytes, milliseconds, quantile } from './support/figures.ts'
import { spawnGateway } from './support/gateway.ts'
import { lineChart } from './support/line-chart.ts'
import { askAtPace } from './support/pace.ts'
import { riseOf, watchProcess, type Sample } from './support/proc.ts'
import { answerJson, startService, startTakingPlatform } from './support/service.ts'
import { runSuite, type Suite } from './support/suite.ts'
import { rawClick, rawSend, type Answer } from './support/wire.ts'

/** The same modest load for a long time: nothing may pile up. --minutes takes another time. */

const CHART = fileURLToPath(new URL('../docs/soak.svg', import.meta.url))
const MINUTES = { short: 1 / 3, full: 30 }
const CLICKS_A_SECOND = 50
const SENDS_A_SECOND = 10
const LOOK_EVERY_MS = { short: 200, full: 1000 }
/** V8 sizes its heap by what it sees at first; a short run is all beginning. */
const WARM_UP = { short: 1 / 2, full: 1 / 6 }
const MAY_RISE_MIB = { short: 40, full: 10 }
const MAY_RISE_DESCRIPTORS = 2

await runSuite('soak', { shortS: 90, fullS: 3600 }, async (suite) => {
  const { short } = suite
  const minutes = suite.minutes ?? (short ? MINUTES.short : MINUTES.full)
  const { url } = await startService(suite, (_heard, response) => {
    answerJson(response, { url: 'https://app.example.com/' })
  })
  const variables = {
    RESOLVER: 'forward',
    RESOLVER_URL: `${url}/resolve`,
    RESOLVER_SECRET: 'prove-resolver-secret',
  }
  const platform = await startTakingPlatform(suite)
  const gateway = spawnGateway(suite, environment(platform, ownSqlite(suite.folder).url, variables))
  const { port } = await gateway.ready
  const memory = watchProcess(gateway.pid, short ? LOOK_EVERY_MS.short : LOOK_EVERY_MS.full)
  const load = startMixedLoad(suite, port)
  for (let second = 0; second < minutes * 60; second += 1) {
    suite.step(`soak: ${second} s of ${minutes * 60}`)
    await setTimeout(1000)
  }
  memory.stop()
  const done = await load.stop()
  await gateway.stop()
  await report(suite, minutes, memory.samples, done)
})

type Done = { answered: number; failed: number; times: number[] }

function startMixedLoad(suite: Suite, port: number): { stop: () => Promise<Done> } {
  const done: Done = { answered: 0, failed: 0, times: [] }
  const state = { isOver: false }
  suite.atEnd(() => (state.isOver = true))
  const onAnswer = (answer: Answer | undefined, ms: number) => {
    if (answer !== undefined && answer.status < 300) done.answered += 1
    else done.failed += 1
    done.times.push(ms)
  }
  const message = JSON.stringify(MESSAGE_V2)
  const kinds = [
    { perSecond: CLICKS_A_SECOND, request: rawClick(JSON.stringify(CLICK_V2), { 'api-version': '2' }) },
    { perSecond: SENDS_A_SECOND / 2, request: rawSend(message) },
    { perSecond: SENDS_A_SECOND / 2, request: rawSend(message, { prefer: 'respond-async' }) },
  ]
  const running = Promise.all(kinds.map((kind) => askAtPace({ port, ...kind, isOver: () => state.isOver, onAnswer })))
  running.catch((error: unknown) => {
    suite.fail(`the load broke off: ${String(error)}`)
  })
  return {
    stop: async () => {
      state.isOver = true
      await running
      return done
    },
  }
}

async function report(
  { report, short }: Suite,
  minutes: number,
  samples: readonly Sample[],
  done: Done,
): Promise<void> {
  const from = Math.floor(samples.length * (short ? WARM_UP.short : WARM_UP.full))
  const settled = samples.slice(from)
  const memory = riseOf(settled.map(({ at, mib }) => ({ x: at, y: mib })))
  const descriptors = riseOf(settled.map(({ at, descriptors: y }) => ({ x: at, y })))
  const mayRise = short ? MAY_RISE_MIB.short : MAY_RISE_MIB.full
  report.section(`soak: ${minutes.toFixed(1)} min at ${CLICKS_A_SECOND} clicks and ${SENDS_A_SECOND} sends a second`)
  report.figure('answered 2xx', done.answered)
  report.none('answered otherwise, or not at all', done.failed)
  report.figure(
    'p50 and p99',
    `${milliseconds(quantile(done.times, 0.5))}, ${milliseconds(quantile(done.times, 0.99))}`,
  )
  report.figure(
    'memory: after the warm-up, and in the end',
    `${mebibytes(settled.at(0)?.mib ?? NaN)}, ${mebibytes(settled.at(-1)?.mib ?? NaN)}`,
  )
  report.figure('memory: most', mebibytes(highest(samples.map(({ mib }) => mib))))
  report.promise(
    'memory: slope over the time after the warm-up',
    mebibytes(memory),
    `at most ${mayRise} MiB`,
    memory <= mayRise,
  )
  report.figure('descriptors: most', highest(samples.map(({ descriptors: open }) => open)))
  report.promise(
    'descriptors: slope over that time',
    descriptors.toFixed(1),
    `at most ${MAY_RISE_DESCRIPTORS}`,
    descriptors <= MAY_RISE_DESCRIPTORS,
  )
  if (short) return
  await writeFile(
    CHART,
    lineChart({
      title: `A gateway under an even load for ${minutes} minutes`,
      note: `${CLICKS_A_SECOND} clicks and ${SENDS_A_SECOND} sends a second, half of these stored. SQLite, Node ${process.version}.`,
      unit: 'seconds',
      panels: [
        { title: 'Resident memory, MiB', points: samples.map(({ at, mib }) => ({ x: at, y: mib })) },
        { title: 'Open descriptors', points: samples.map(({ at, descriptors: y }) => ({ x: at, y })) },
      ],
    }),
  )
  report.figure('drawn', 'docs/soak.svg')
}
