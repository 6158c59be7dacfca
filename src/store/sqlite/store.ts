import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { withDeadline } from '../call-timeout.ts'
import { createMethods, isRead, type MethodName } from '../methods.ts'
import { giveUp, newTurn, type Told, type Turn } from './protocol.ts'
import type { SqliteQueries } from './open.ts'
import { StoreError, StoreSetupError, type Store, type StoreMethods } from '../store.ts'
import type { StoreEvents } from '../store-watch.ts'

/** The same, as it comes in: each value is of the type that its call promised. */
type Heard = Exclude<Told, { kind: 'answer' }> | { kind: 'answer'; id: number; value: never }

type Waiting = { resolve: (value: never) => void; reject: (error: unknown) => void; turn: Turn }

/** What comes then is refused at once: a thread that hangs on its disk answers nobody, and each call that waits takes memory. */
const MAX_WAITING = 10_000
/** Longer than a checkpoint takes; a thread that hangs on its disk is given up. */
const CLOSE_TIMEOUT_MS = 5000

/**
 * Opens a store in a SQLite file, for this process alone. It lives in a thread of its own: waiting for the disk, which every commit does,
 * must hold up no click.
 */
export async function openSqliteStore(path: string, events: StoreEvents): Promise<Store> {
  const thread = new Thread(path, events)
  const methods = await thread.opened
  return {
    ...createMethods<StoreMethods>(methods, (name, ...parameters) => thread.call(name, ...parameters)),
    kind: 'sqlite',
    // No other gateway has the file open.
    onQueued: () => undefined,
    backup: (file) => thread.send('backup', file),
    close: () => thread.close(),
  }
}

class Thread {
  /** Resolves to the methods that the thread offers. */
  readonly opened: Promise<readonly MethodName[]>
  readonly #worker: Worker
  readonly #events: StoreEvents
  readonly #waiting = new Map<number, Waiting>()
  #calls = 0
  #isGone = false
  #closing: Promise<void> | undefined

  constructor(path: string, events: StoreEvents) {
    this.#events = events
    // .ts in a checkout, .js in a build, like this file.
    const file = new URL(`thread${extname(import.meta.url)}`, import.meta.url)
    this.#worker = new Worker(file, { workerData: path, execArgv: [] })
    this.opened = new Promise((resolve, reject) => {
      this.#worker.on('message', (heard: Heard) => {
        if (heard.kind === 'opened') resolve(heard.methods)
        else if (heard.kind === 'not_opened') reject(new StoreSetupError(heard.why, heard.cause, heard))
        else this.#settle(heard)
      })
    })
    this.#worker.on('exit', () => {
      this.#isGone = true
      for (const { reject, turn } of this.#waiting.values()) reject(closedError({ mayHaveCommitted: !giveUp(turn) }))
    })
  }

  call<Method extends MethodName>(
    method: Method,
    ...parameters: Parameters<SqliteQueries[Method]>
  ): Promise<Awaited<ReturnType<SqliteQueries[Method]>>> {
    const turn = newTurn()
    const call = () => {
      if (this.#waiting.size >= MAX_WAITING) throw new StoreError('too many calls wait for the store', undefined)
      return this.#post(turn, method, ...parameters)
    }
    return withDeadline(call, () => giveUp(turn) || isRead(method)).catch((error: unknown) => {
      this.#events.onFailed()
      throw error
    })
  }

  /** Without a deadline. */
  send<Method extends keyof SqliteQueries>(
    method: Method,
    ...parameters: Parameters<SqliteQueries[Method]>
  ): Promise<Awaited<ReturnType<SqliteQueries[Method]>>> {
    return this.#post(newTurn(), method, ...parameters)
  }

  #post<Method extends keyof SqliteQueries>(
    turn: Turn,
    method: Method,
    ...parameters: Parameters<SqliteQueries[Method]>
  ): Promise<Awaited<ReturnType<SqliteQueries[Method]>>> {
    return new Promise((resolve, reject) => {
      if (this.#isGone) throw closedError()
      const id = (this.#calls += 1)
      this.#waiting.set(id, { resolve, reject, turn })
      this.#worker.postMessage({ id, method, parameters, turn })
    })
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#end())
  }

  async #end(): Promise<void> {
    const gone = new Promise((resolve) => this.#worker.once('exit', resolve))
    const timer = setTimeout(() => void this.#worker.terminate(), CLOSE_TIMEOUT_MS)
    this.send('close').then(
      () => this.#worker.terminate(),
      () => this.#worker.terminate(),
    )
    await gone
    clearTimeout(timer)
  }

  #settle(heard: Extract<Heard, { id: number }>): void {
    const waiting = this.#waiting.get(heard.id)
    this.#waiting.delete(heard.id)
    this.#events.onServed()
    if (heard.kind === 'answer') waiting?.resolve(heard.value)
    else waiting?.reject(new StoreError('the store failed', heard.error, heard))
  }
}

function closedError(options?: { mayHaveCommitted: boolean }): StoreError {
  return new StoreError('the store is closed', undefined, options)
}
