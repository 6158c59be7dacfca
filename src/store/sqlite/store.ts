import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { createMethods, withCallTimeout, type MethodName } from '../calls.ts'
import { StoreError, StoreSetupError, type Store, type StoreEvents } from '../store.ts'
import type { SqliteQueries } from './open.ts'

/** A received reply. Its value has the result type of the call's method. */
type ReceivedReply = Exclude<Reply, { kind: 'answer' }> | { kind: 'answer'; id: number; value: never }

type Waiting = { resolve: (value: never) => void; reject: (error: unknown) => void; state: CallState }

/** Bounds memory while the thread hangs on its disk; further calls are refused at once. */
const MAX_WAITING = 10_000
/** Then the thread is terminated. Longer than a checkpoint takes. */
const CLOSE_TIMEOUT_MS = 5000

/**
 * Opens a store in a SQLite file, for this process alone. It runs in a worker thread, because every commit blocks on the disk.
 */
export async function openSqliteStore(path: string, events: StoreEvents): Promise<Store> {
  const thread = new Thread(path, events)
  await thread.opened
  return {
    ...createMethods((name, ...parameters) => thread.call(name, ...parameters)),
    kind: 'sqlite',
    // No other gateway has the file open.
    onQueued: () => undefined,
    backup: (file) => thread.send('backup', [file]),
    close: () => thread.close(),
  }
}

class Thread {
  readonly opened: Promise<void>
  readonly #worker: Worker
  readonly #events: StoreEvents
  readonly #waiting = new Map<number, Waiting>()
  #calls = 0
  #isGone = false
  #closing: Promise<void> | undefined

  constructor(path: string, events: StoreEvents) {
    this.#events = events
    // The extension is that of this file: .ts in a checkout, .js in a build.
    const file = new URL(`thread${extname(import.meta.url)}`, import.meta.url)
    this.#worker = new Worker(file, { workerData: path, execArgv: [] })
    this.opened = new Promise((resolve, reject) => {
      this.#worker.on('message', (received: ReceivedReply) => {
        if (received.kind === 'opened') resolve()
        else if (received.kind === 'not_opened') reject(new StoreSetupError(received.why, received.cause, received))
        else this.#settle(received)
      })
    })
    this.#worker.on('exit', () => {
      this.#isGone = true
      for (const { reject, state } of this.#waiting.values()) reject(closedError({ mayHaveCommitted: !abandon(state) }))
    })
  }

  call<Method extends MethodName>(
    method: Method,
    ...parameters: Parameters<SqliteQueries[Method]>
  ): Promise<Awaited<ReturnType<SqliteQueries[Method]>>> {
    const state = newCallState()
    const call = () => {
      if (this.#waiting.size >= MAX_WAITING) throw new StoreError('too many calls wait for the store', undefined)
      return this.send(method, parameters, state)
    }
    return withCallTimeout(method, call, () => abandon(state)).catch((error: unknown) => {
      this.#events.onFailed()
      throw error
    })
  }

  /** Sends a call without a timeout. */
  send<Method extends keyof SqliteQueries>(
    method: Method,
    parameters: Parameters<SqliteQueries[Method]>,
    state = newCallState(),
  ): Promise<Awaited<ReturnType<SqliteQueries[Method]>>> {
    return new Promise((resolve, reject) => {
      if (this.#isGone) throw closedError()
      const id = (this.#calls += 1)
      this.#waiting.set(id, { resolve, reject, state })
      this.#worker.postMessage({ id, method, parameters, state })
    })
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#end())
  }

  async #end(): Promise<void> {
    const gone = new Promise((resolve) => this.#worker.once('exit', resolve))
    const timer = setTimeout(() => void this.#worker.terminate(), CLOSE_TIMEOUT_MS)
    this.send('close', []).then(
      () => this.#worker.terminate(),
      () => this.#worker.terminate(),
    )
    await gone
    clearTimeout(timer)
  }

  #settle(received: Extract<ReceivedReply, { id: number }>): void {
    const waiting = this.#waiting.get(received.id)
    this.#waiting.delete(received.id)
    this.#events.onServed()
    if (received.kind === 'answer') waiting?.resolve(received.value)
    else waiting?.reject(new StoreError('the store failed', received.error, received))
  }
}

function closedError(options?: { mayHaveCommitted: boolean }): StoreError {
  return new StoreError('the store is closed', undefined, options)
}

/** Messages between the two threads. */
export type Call = { id: number; method: keyof SqliteQueries; parameters: never[]; state: CallState }
export type Reply =
  | { kind: 'opened' }
  | { kind: 'not_opened'; why: string; cause: unknown; isTemporary: boolean }
  | { kind: 'answer'; id: number; value: unknown }
  | { kind: 'error'; id: number; error: unknown; mayHaveCommitted: boolean }

/**
 * One number in shared memory for each call. The thread sets it when it begins the call, the caller when the timeout has passed. Only one
 * of them succeeds, so a call that timed out before it began never runs.
 */
type CallState = Int32Array

const WAITING = 0
const TAKEN = 1
const GIVEN_UP = 2

function newCallState(): CallState {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
}

/** @returns whether the call may begin */
export function begin(state: CallState): boolean {
  return Atomics.compareExchange(state, 0, WAITING, TAKEN) === WAITING
}

/** @returns whether the call has not begun, and never will */
function abandon(state: CallState): boolean {
  return Atomics.compareExchange(state, 0, WAITING, GIVEN_UP) !== TAKEN
}
