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
/** For tidying up after a suite: each thing that it started. */
const ENDING_MS = 15_000

/** What a suite works with. */
export type Suite = {
  short: boolean
  /** The only database to look at; both without one. */
  only: string | undefined
  /** The only part to run, of a suite that has parts; all of them without one. */
  part: string | undefined
  /** How long a suite that takes a given time is to take. */
  minutes: number | undefined
  /** What brings this run back. */
  seed: number
  random: Random
  report: Report
  /** A folder of the suite's own; gone when it ends. */
  folder: string
  /** Says what is under way, for the progress and for the deadline's complaint. */
  step: (what: string) => void
  /** Looks until it is so. Answers after how many milliseconds; nothing when it was not so in time. */
  until: (what: string, isSo: () => boolean | Promise<boolean>, withinMs: number) => Promise<number | undefined>
  /** Ends the suite as broken, wherever it is. */
  fail: (reason: string) => void
  /** Runs at the end however that comes, the last first. Throws when the end has come. */
  atEnd: (end: () => unknown) => void
}

/** Runs one suite within its deadline, prints its table, tidies up, and ends the process: 1 when a promise was broken. */
export async function runSuite(
  name: string,
  limits: { shortS: number; fullS: number },
  prove: (suite: Suite) => Promise<void>,
): Promise<never> {
  const { short, seed, only, part, minutes } = readOptions()
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
    progress.tell(`${name}: ${what}`)
  }
  // What is still at work when a suite was ended early must not begin anew what is just being tidied up.
  const stopWhenOver = () => {
    if (isOver) throw new Broken('the suite is over')
  }
  const folder = await mkdtemp(join(tmpdir(), `kenar-prove-${name}-`))
  const deadline = globalThis.setTimeout(() => {
    fail(`not done after ${limitS} s; it was at: ${at}`)
  }, limitS * 1000)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      fail(`interrupted at: ${at}`)
    })
  }

  process.stdout.write(`${name}${short ? ', short' : ''}; seed ${seed}\n`)
  const suite: Suite = {
    short,
    only,
    part,
    minutes,
    seed,
    random: createRandom(seed),
    report,
    folder,
    step,
    until: async (what, isSo, withinMs) => {
      step(`waiting until ${what}`)
      const begun = performance.now()
      for (;;) {
        if (await isSo()) return performance.now() - begun
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
  progress.tell(`${name}: tidying up`)
  for (const end of endings.toReversed()) await settle(end)
  await rm(folder, { recursive: true, force: true })
  progress.end()
  process.stdout.write(`\n${name}: ${report.verdict()}\n`)
  process.exit(report.broken > 0 ? 1 : 0)
}

/** A suite's own word says it all; anything else is a fault of the suite's, and where it was. */
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
    },
  })
  const { short, seed, database: only, part, minutes } = values
  return {
    short,
    seed: seed === undefined ? randomInt(2 ** 31) : wholeNumber('seed', seed, 0),
    only,
    part,
    minutes: minutes === undefined ? undefined : wholeNumber('minutes', minutes),
  }
}

/** One thing that cannot be tidied up must not keep the others from it. */
async function settle(end: () => unknown): Promise<void> {
  try {
    await Promise.race([end(), setTimeout(ENDING_MS)])
  } catch (error) {
    process.stderr.write(`While tidying up: ${String(error)}\n`)
  }
}
