import { openConnection, type Connection } from './connection.ts'
import { createJudge } from './judge.ts'
import { startStandIn } from './stand-in.ts'
import { jobSchema, type GeneratorReport, type Job, type Loaded } from './wire.ts'

/**
 * A program of its own, for a core of its own: it loads one port for one bounded job at a time, looks at every answer, and plays the
 * platform. Requests are bytes before the job begins.
 */

/** How long answers may take after the last request. */
const LAST_ANSWERS_MS = 5000

const standIn = await startStandIn()
process.on('message', (message) => {
  const before = standIn.relayed()
  load(jobSchema.parse(message)).then(
    (loaded) => {
      report({ ...loaded, relayed: standIn.relayed() - before })
    },
    (error: unknown) => {
      report({ kind: 'wrong', reason: error instanceof Error ? error.message : String(error) })
    },
  )
})
process.on('disconnect', () => process.exit())
report({ kind: 'ready', platformPort: standIn.port })

function report(told: GeneratorReport): void {
  process.send?.(told)
}

async function load(job: Job): Promise<Loaded> {
  const run = new Run(job)
  const timer = setTimeout(
    () => {
      run.fail(`answers were still missing ${LAST_ANSWERS_MS / 1000} s after the end`)
    },
    job.seconds * 1000 + LAST_ANSWERS_MS,
  )
  try {
    await run.open()
    return await run.finish()
  } finally {
    clearTimeout(timer)
    run.close()
  }
}

/** One job. With a rate, requests leave when they are due, and latency counts from then: a slow answer does not hide those behind it. */
class Run {
  readonly #job: Job
  readonly #requests: Buffer[]
  readonly #done = Promise.withResolvers<Loaded>()
  readonly #latencies: number[] = []
  readonly #dueOf = new Map<Connection, number>()
  readonly #free: Connection[] = []
  #connections: Connection[] = []
  #begunAt = 0
  #sent = 0
  #isOver = false

  constructor(job: Job) {
    this.#job = job
    this.#requests = job.requests.map((request) => Buffer.from(request))
    // Whoever opens is told by the rejection of `finish`.
    this.#done.promise.catch(() => undefined)
  }

  async open(): Promise<void> {
    const events = {
      judge: createJudge(this.#job.expected),
      onAnswer: (connection: Connection) => {
        this.#answered(connection)
      },
      onWrong: (reason: string) => {
        this.fail(reason)
      },
    }
    this.#connections = await Promise.all(
      Array.from({ length: this.#job.connections }, () => openConnection(this.#job.port, events)),
    )
  }

  finish(): Promise<Loaded> {
    this.#begunAt = performance.now()
    if (this.#job.rate === undefined) {
      for (const connection of this.#connections) this.#send(connection, performance.now())
    } else this.#free.push(...this.#connections)
    this.#stayAwake()
    return this.#done.promise
  }

  fail(reason: string): void {
    this.#isOver = true
    this.#done.reject(new Error(reason))
  }

  close(): void {
    this.#isOver = true
    for (const connection of this.#connections) connection.close()
  }

  #send(connection: Connection, dueAt: number): void {
    const request = this.#requests[this.#sent % this.#requests.length]
    if (request === undefined) return
    this.#sent += 1
    this.#dueOf.set(connection, dueAt)
    connection.send(request)
  }

  #answered(connection: Connection): void {
    const now = performance.now()
    this.#latencies.push(now - (this.#dueOf.get(connection) ?? now))
    if (this.#job.rate !== undefined) this.#free.push(connection)
    else if (this.#mayGoOn(now)) this.#send(connection, now)
  }

  /**
   * Turns with the event loop for as long as the job lasts. Timers, whose milliseconds are coarser than what is measured, could not send what is
   * due; and a generator that slept between answers would have to be woken by whom it measures: that costs a slow contestant, which lets it sleep
   * more often, several microseconds for each answer, and nobody whose callers are on other machines.
   */
  #stayAwake(): void {
    if (this.#isOver) return
    const now = performance.now()
    if (this.#job.rate !== undefined) this.#sendWhatIsDue(this.#job.rate, now)
    if (!this.#mayGoOn(now) && this.#latencies.length === this.#sent) this.#settle(now)
    else
      setImmediate(() => {
        this.#stayAwake()
      })
  }

  #sendWhatIsDue(rate: number, now: number): void {
    for (;;) {
      const dueAt = this.#begunAt + (this.#sent * 1000) / rate
      if (dueAt > now || !this.#mayGoOn(now)) break
      const connection = this.#free.shift()
      if (connection === undefined) break
      this.#send(connection, dueAt)
    }
  }

  #mayGoOn(now: number): boolean {
    return now - this.#begunAt < this.#job.seconds * 1000 && this.#sent < this.#job.maxRequests
  }

  #settle(now: number): void {
    this.#isOver = true
    const sorted = Float64Array.from(this.#latencies).sort()
    const at = (share: number) => sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? NaN
    const seconds = (now - this.#begunAt) / 1000
    this.#done.resolve({ kind: 'loaded', answered: sorted.length, seconds, p50: at(0.5), p99: at(0.99), relayed: 0 })
  }
}
