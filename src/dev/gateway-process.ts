import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { extname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { readLines } from '../base/lines.ts'
import type { Environment } from '../config/config.ts'
import { reportShape, type Order, type Report } from './child-messages.ts'

const PROGRAM = fileURLToPath(new URL(`gateway-child${extname(import.meta.url)}`, import.meta.url))
const FLAGS = ['--disable-warning=ExperimentalWarning', '--disable-warning=MODULE_TYPELESS_PACKAGE_JSON']
/** An editor may write a file in several steps. */
const SETTLE_MS = 60
/** A file of the user's may take this long to load, and then the gateway gives up on it. */
const START_TIMEOUT_MS = 20_000
/** What is left of that once the file has been saved again. */
const OUTDATED_TIMEOUT_MS = 3000
/** Longer than the gateway's own grace. */
const STOP_TIMEOUT_MS = 4000

/** Why there is no gateway: in one line, and more lines about it. */
export type NotStarted = { reason: string; lines: string[] }

type GatewayProcessOptions = {
  environment: Environment
  /** Loaded when the gateway starts; a change of it is noticed even where the system reports none. Undefined for a service. */
  file: string | undefined
  onReport: (report: Report) => void
  /** What the resolver prints. */
  onPrinted: (line: string) => void
  /** Called after each start but the first, with what prevented it, if anything did. */
  onReloaded: (obstacle: NotStarted | undefined) => void
  /** The process ended by itself. */
  onCrashed: (how: string) => void
}

/** The gateway as a process of its own, which is replaced when the resolver changes. */
export class GatewayProcess {
  readonly #options: GatewayProcessOptions
  /** Each process begins in it. It may have been deleted and made again, so it is known by its name. */
  readonly #folder = process.cwd()
  #child: ChildProcess | undefined
  /** Whether the process has work that should end. */
  #isStarted = false
  /** Shortens the wait for a process that starts with files of before. */
  #hurry: () => void = () => undefined
  #obstacle: NotStarted | undefined
  /** Of the file when it was last loaded. */
  #stamp = ''
  #wanted = 1
  #current = 0
  #queue: Promise<void> = Promise.resolve()
  #isClosed = false
  #closing: Promise<void> | undefined

  constructor(options: GatewayProcessOptions) {
    this.#options = options
  }

  /** The first start. Resolves to what prevented it. */
  async start(): Promise<NotStarted | undefined> {
    this.#queue = this.#begin()
    await this.#queue
    return this.#obstacle
  }

  /** Replaces the process soon; several calls shortly after each other count as one. */
  reload(): void {
    if (this.#isClosed) return
    this.#wanted += 1
    this.#hurry()
    this.#queue = this.#queue.then(() => this.#replace())
  }

  /** Resolves once the gateway runs with the newest file, to the reason when it cannot. */
  async ready(): Promise<string | undefined> {
    if (this.#hasChanged() || (this.#child === undefined && this.#obstacle === undefined)) this.reload()
    let seen: Promise<void> | undefined
    while (seen !== this.#queue) {
      seen = this.#queue
      await seen
    }
    return this.#obstacle?.reason
  }

  /** Resolves once the process has ended, for each caller. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#isClosed = true
    await this.#end()
    await this.#queue
    await this.#end()
  }

  async #replace(): Promise<void> {
    if (this.#current === this.#wanted || this.#isClosed) return
    await sleep(SETTLE_MS)
    await this.#end()
    await this.#begin()
    this.#options.onReloaded(this.#obstacle)
  }

  async #begin(): Promise<void> {
    if (this.#isClosed) return
    this.#current = this.#wanted
    this.#stamp = this.#stampOf()
    const child = fork(PROGRAM, { execArgv: FLAGS, cwd: this.#folder, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
    this.#child = child
    for (const stream of [child.stdout, child.stderr]) if (stream) readLines(stream, this.#options.onPrinted)
    const { promise, resolve } = Promise.withResolvers<NotStarted | undefined>()
    const giveUpAfter = (ms: number) =>
      setTimeout(() => {
        resolve({ reason: `the gateway did not start within ${ms} ms`, lines: [] })
      }, ms)
    let limit = giveUpAfter(START_TIMEOUT_MS)
    this.#hurry = () => {
      this.#hurry = () => undefined
      clearTimeout(limit)
      limit = giveUpAfter(OUTDATED_TIMEOUT_MS)
    }
    child.on('message', (message) => {
      // The user's own files may send messages to a parent too, such as `ready`.
      const { data: report } = reportShape.safeParse(message)
      if (report === undefined) return
      if (report.kind === 'started') resolve(undefined)
      else if (report.kind === 'not_started') resolve(report)
      else this.#options.onReport(report)
    })
    // A process that could not be started has no exit; otherwise its exit is the event that matters.
    child.on('error', ({ message }) => {
      resolve({ reason: `no process can be started in ${this.#folder} (${message})`, lines: [] })
    })
    child.once('exit', (code, signal) => {
      resolve({ reason: `the process ended while it loaded (${signal ?? `exit code ${String(code)}`})`, lines: [] })
      if (this.#child !== child) return
      this.#child = undefined
      if (this.#obstacle === undefined) this.#options.onCrashed(signal ?? `exit code ${String(code)}`)
    })
    order(child, { kind: 'start', environment: textsOf(this.#options.environment) })
    this.#obstacle = await promise
    this.#hurry = () => undefined
    clearTimeout(limit)
    this.#isStarted = this.#obstacle === undefined
    if (this.#obstacle !== undefined) await this.#end()
  }

  /** Lets running work end. A process that only loads a file has none. */
  async #end(): Promise<void> {
    const child = this.#child
    const isStarted = this.#isStarted
    this.#child = undefined
    this.#isStarted = false
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    if (isStarted) order(child, { kind: 'stop' })
    else child.kill('SIGKILL')
    const limit = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
    await exited
    clearTimeout(limit)
  }

  #hasChanged(): boolean {
    return this.#stamp !== this.#stampOf()
  }

  #stampOf(): string {
    const { file } = this.#options
    const stat = file === undefined ? undefined : statSync(file, { throwIfNoEntry: false })
    return stat === undefined ? '' : `${stat.mtimeMs} ${stat.size}`
  }
}

function order(child: ChildProcess, message: Order): void {
  if (child.connected) child.send(message)
}

function textsOf(environment: Environment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}
