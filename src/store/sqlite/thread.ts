import { parentPort, workerData } from 'node:worker_threads'
import { createFileCheck, openSqlite, type SqliteQueries } from './open.ts'
import { take, type Call, type Told } from './protocol.ts'
import { METHOD_NAMES } from '../queries/queries.ts'
import { StoreError, StoreSetupError } from '../store.ts'

// Loads little: until this thread is there, the gateway is not.
const port = parentPort
if (port === null) throw new Error('this file runs as a worker thread')
const path: unknown = workerData
if (typeof path !== 'string') throw new Error('this thread is told the path of its file')
const tell = (told: Told) => {
  port.postMessage(told)
}

try {
  serve(await openSqlite(path), createFileCheck(path))
  tell({ kind: 'opened', methods: METHOD_NAMES })
} catch (error) {
  const { message, cause, isTemporary } =
    error instanceof StoreSetupError
      ? error
      : new StoreSetupError(`${path}: cannot be opened`, error, { isTemporary: true })
  tell({ kind: 'not_opened', why: message, cause: toPlain(cause), isTemporary })
}

/** Calls run one after the other, in the order in which they come: there is one connection. */
function serve(queries: SqliteQueries, checkFile: () => void): void {
  const methods: Record<keyof SqliteQueries, (...parameters: never[]) => Promise<unknown>> = queries
  const run = async ({ id, method, parameters, turn }: Call) => {
    try {
      // Its caller has been told that nothing was done.
      if (!take(turn)) throw new StoreError('the call was given up before it began', undefined)
      if (method !== 'close') checkFile()
      tell({ kind: 'answer', id, value: await methods[method](...parameters) })
    } catch (error) {
      const { cause, mayHaveCommitted } =
        error instanceof StoreError ? error : { cause: error, mayHaveCommitted: false }
      tell({ kind: 'error', id, error: toPlain(cause), mayHaveCommitted })
    }
  }
  let last = Promise.resolve()
  port?.on('message', (call: Call) => {
    // A copy takes long and is made for standing beside other work.
    if (call.method === 'backup') void run(call)
    else last = last.then(() => run(call))
  })
}

/** What crosses threads of an error: a copy would lose its code. */
function toPlain(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const { name, message, stack } = error
  return { name, message, stack, ...('code' in error && { code: error.code }) }
}
