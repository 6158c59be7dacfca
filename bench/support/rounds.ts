import { median } from '../../prove/support/figures.ts'
import { runLoad } from './load.ts'
import { startServer, type Server } from './server.ts'

const WARM_UP_S = 4
const MEASURE_S = 3

/** What one round says of one server. */
export type Sample = {
  perSecond: number
  /** Processor time for each request, in microseconds. */
  cpuMicros: number
  startMs: number
  /** Resident memory after the load. */
  bytes: number
}

export type Measured = { name: string; samples: readonly Sample[] }

/**
 * Every round measures every server once, in another order each time, so that whatever else the machine does affects all of them. Each time the
 * server is a new process: two starts of one program differ by as much as two programs that are worth comparing.
 */
export async function measureInRounds(
  servers: readonly Server[],
  rounds: number,
  folder: string,
  onStep: (what: string) => void,
): Promise<Measured[]> {
  const measured = servers.map((server) => ({ server, name: server.name, samples: new Array<Sample>() }))
  for (let round = 0; round < rounds; round += 1) {
    const first = round % measured.length
    for (const { server, name, samples } of [...measured.slice(first), ...measured.slice(0, first)]) {
      onStep(`round ${round + 1} of ${rounds}: ${name}`)
      samples.push(await measure(server, folder))
    }
  }
  return measured
}

async function measure(server: Server, folder: string): Promise<Sample> {
  const running = await startServer(server, folder)
  const load = (seconds: number) => runLoad(running.port, server.exchange(), { seconds })
  try {
    await load(WARM_UP_S)
    const cpuBefore = running.cpuMs()
    const { answered, seconds } = await load(MEASURE_S)
    return {
      perSecond: answered / seconds,
      cpuMicros: ((running.cpuMs() - cpuBefore) * 1000) / answered,
      startMs: running.startMs,
      bytes: running.residentBytes(),
    }
  } finally {
    await running.stop()
  }
}

/** The median of the ratios within each round. */
export function ratio(one: Measured, other: Measured, of: keyof Sample): number {
  return median(one.samples.map((sample, round) => sample[of] / (other.samples[round]?.[of] ?? NaN)))
}

/** How fast one is compared with another: by rate or by processor time, whichever is less. */
export function speedRatio(one: Measured, other: Measured): number {
  return Math.min(ratio(one, other, 'perSecond'), ratio(other, one, 'cpuMicros'))
}
