import { setTimeout } from 'node:timers/promises'
import type { Client } from './client.ts'
import { highest, median, milliseconds } from './figures.ts'
import { bareStartMs, type GatewayProcess } from './gateway.ts'
import type { Suite } from './suite.ts'

/** Some are killed before they are ready: settling abandoned messages must survive a kill too. */
const EARLY_CHANCE = 0.1
/** As a multiple of the start of a bare Node on the same machine at the same time. */
const READY_LIMIT = 60

/** When it happened, and how many requests of the gateway were in flight. */
export type Kill = { from: number; to: number; running: number }
/** How long a start took, and how long a bare Node took to start just before. */
type Start = { readyMs: number; bareMs: number }

type KillOptions = {
  title: string
  number: number
  spawn: () => GatewayProcess
  /** The gateway to send to; undefined while there is none. */
  onTarget: (client: Client | undefined) => void
  running: () => number
}

/** Starts a gateway and kills it at a random moment, again and again. */
export async function killRepeatedly(
  suite: Suite,
  { title, number, spawn, onTarget, running }: KillOptions,
): Promise<{ kills: Kill[]; starts: Start[] }> {
  const { random } = suite
  const kills: Kill[] = []
  const starts: Start[] = []
  while (kills.length < number) {
    suite.step(`${title}: kill ${kills.length + 1} of ${number}`)
    const bareMs = await bareStartMs()
    const gateway = spawn()
    if (kills.length > 0 && random.chance(EARLY_CHANCE)) {
      await setTimeout(random.next() * median(starts.map(({ readyMs }) => readyMs)))
    } else {
      const ready = await gateway.ready
      starts.push({ readyMs: ready.readyMs, bareMs })
      onTarget(ready.client)
      await setTimeout(random.integer(20, 1000))
    }
    const inFlight = running()
    const from = Date.now()
    const gone = gateway.kill()
    onTarget(undefined)
    await gone
    kills.push({ from, to: Date.now(), running: inFlight })
  }
  return { kills, starts }
}

export function reportStarts({ report }: Suite, starts: readonly Start[]): void {
  const bare = starts.map(({ bareMs }) => bareMs)
  const ready = starts.map(({ readyMs }) => readyMs)
  report.figure('start of a bare Node, median', milliseconds(median(bare)))
  report.figure('start of a bare Node, slowest', milliseconds(highest(bare)))
  report.figure('ready again after the spawn, median', milliseconds(median(ready)))
  report.figure('ready again after the spawn, slowest', milliseconds(highest(ready)))
  const ratio = median(ready) / median(bare)
  report.promise(
    'ready again, of a bare start, median',
    ratio.toFixed(1),
    `at most ${READY_LIMIT}`,
    ratio <= READY_LIMIT,
  )
}
