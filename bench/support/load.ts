import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { startChild } from '../../prove/support/children.ts'
import type { Running } from './contestant.ts'
import { CORES, pinned, type Machine } from './machine.ts'
import { reportSchema, type GeneratorReport, type Job, type Loaded } from './wire.ts'

const GENERATOR = fileURLToPath(new URL('generator.ts', import.meta.url))
/** The same for everybody. */
const CONNECTIONS = 50
/** Above what any job comes to: every job is bounded in its count and in its time. */
const MAX_REQUESTS = 20_000_000

export type Load = {
  /** Where the platform listens that relays send to. */
  platformPort: number
  /** Loads one contestant; rejects when a single answer was wrong. */
  run: (running: Running, amount: { seconds: number; maxRequests?: number; rate?: number }) => Promise<Loaded>
  stop: () => Promise<void>
}

/** The generator, on its core. One for the whole run: it is as warm for the first contestant as for the last. */
export async function startLoad(machine: Machine): Promise<Load> {
  const child = startChild(...pinned(machine, CORES.load, process.execPath, [GENERATOR]), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const ended = once(child, 'exit')
  let told = Promise.withResolvers<GeneratorReport>()
  child.on('message', (message) => {
    told.resolve(reportSchema.parse(message))
  })
  void ended.then(() => {
    told.reject(new Error('the generator ended by itself'))
  })
  const ready = await told.promise
  if (ready.kind !== 'ready') throw new Error('the generator did not say that it is ready')
  return {
    platformPort: ready.platformPort,
    run: async ({ port, contestant }, { seconds, maxRequests = MAX_REQUESTS, rate }) => {
      const { requests, expected, name } = contestant
      const job: Job = { port, connections: CONNECTIONS, requests: requests(), expected, seconds, maxRequests }
      told = Promise.withResolvers<GeneratorReport>()
      child.send({ ...job, ...(rate !== undefined && { rate }) })
      const result = await told.promise
      if (result.kind !== 'loaded') {
        throw new Error(`${name}: ${result.kind === 'wrong' ? result.reason : 'the generator began anew'}`)
      }
      return result
    },
    stop: async () => {
      if (child.connected) child.disconnect()
      await ended
    },
  }
}
