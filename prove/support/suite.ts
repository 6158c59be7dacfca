import { randomInt } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createProgress } from './progress.ts'
import { createRandom, type Random } from './random.ts'
import { Report } from './report.ts'
import { wholeNumber } from './whole-number.ts'

const POLL_MS = 20
/** How long each clean-up may take. */
const ENDING_MS = 15_000

/** What a suite gets. */
export type Suite = {
  short: boolean
  /** The only database to run on; undefined for both. */
  only: string | undefined
  /** The only part to run, of a suite that has parts; undefined for all. */
  part: string | undefined
  /** The duration of a suite of steady load. */
  minutes: number | undefined
  /** How many rows a suite fills in that compares amounts. */
  rows: number | undefined
  /** Repeats this run. */
  seed: number
  random: Random
  report: Report
  /** A temporary folder; removed at the end. */
  folder: string
  /** Names the current step, for the progress and for the error of the deadline. */
  step: (what: string) => void
  /** Polls until the condition holds. Resolves to the milliseconds that this took; undefined when it did not hold in time. */
  until: (what: string, condition: () => boolean | Promise<boolean>, withinMs: number) => Promise<number | undefined>
  /** Ends the suite as broken. */
  fail: (reason: string) => void
  /** Runs at the end of the suite, also of a broken one; the last registered first. Throws after the end. */
  atEnd: (end: () => unknown) => void
}

/** Runs one suite within its deadline, prints its table, cleans up, and exits: with 1 if a guarantee was broken. */
export async function runSuite(
  name: string,
  limits: { shortS: number; fullS: number },
  prove: (suite: Suite) => Promise<void>,
): Promise<never> {
  const { short, seed, only, part, minutes, rows } = readOptions()
  const limitS = short ? limits.shortS : limits.fullS
  const report = new Report()
  const progress = createProgress()
  const endings: (() => unknown)[] = []
  const failed = Promise.withResolvers<never>()
  const fail = (reason: string) => {
    failed.reject(new Broken(reason))
  }
  let at = 'the start'
  let isOver = false
  const step = (what: string) => {
    stopWhenOver()
    at = what
    progress.show(`${name}: ${what}`)
  }
  // Work that continues after an early end must not start anything while the clean-up runs.
  const stopWhenOver = () => {
    if (isOver) throw new Broken('the suite is over')
  }
  const folder = await mkdtemp(join(tmpdir(), `kenar-prove-${name}-`))
  const deadline = globalThis.setTimeout(() => {
    fail(`not done after ${limitS} s; last step: ${at}`)
  }, limitS * 1000)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      fail(`interrupted; last step: ${at}`)
    })
  }

  process.stdout.write(`${name}${short ? ', short' : ''}; seed ${seed}\n`)
  const suite: Suite = {
    short,
    only,
    part,
    minutes,
    rows,
    seed,
    random: createRandom(seed),
    report,
    folder,
    step,
    until: async (what, condition, withinMs) => {
      step(`waiting until ${what}`)
      const begun = performance.now()
      for (;;) {
        if (await condition()) return performance.now() - begun
        if (performance.now() - begun > withinMs) return undefined
        await setTimeout(POLL_MS)
      }
    },
    fail,
    atEnd: (end) => {
      stopWhenOver()
      endings.push(end)
    },
  }
  try {
    await Promise.race([prove(suite), failed.promise])
  } catch (error) {
    report.failed(describe(error))
  }
  clearTimeout(deadline)
  isOver = true
  progress.show(`${name}: cleaning up`)
  for (const end of endings.toReversed()) await settle(end)
  await rm(folder, { recursive: true, force: true })
  progress.end()
  process.stdout.write(`\n${name}: ${report.verdict()}\n`)
  process.exit(report.broken > 0 ? 1 : 0)
}

/** Its message is enough; any other error is a bug of the suite and is printed with its stack trace. */
class Broken extends Error {}

function describe(error: unknown): string {
  if (error instanceof Broken) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      short: { type: 'boolean', default: false },
      seed: { type: 'string' },
      database: { type: 'string' },
      part: { type: 'string' },
      minutes: { type: 'string' },
      rows: { type: 'string' },
    },
  })
  const { short, seed, database: only, part, minutes, rows } = values
  return {
    short,
    seed: seed === undefined ? randomInt(2 ** 31) : wholeNumber('seed', seed, 0),
    only,
    part,
    minutes: minutes === undefined ? undefined : wholeNumber('minutes', minutes),
    rows: rows === undefined ? undefined : wholeNumber('rows', rows),
  }
}

/** A clean-up that fails or hangs must not prevent the others. */
async function settle(end: () => unknown): Promise<void> {
  try {
    await Promise.race([end(), setTimeout(ENDING_MS)])
  } catch (error) {
    process.stderr.write(`During the clean-up: ${String(error)}\n`)
  }
}
