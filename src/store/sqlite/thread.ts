import { parentPort, workerData } from 'node:worker_threads'
import { createFileCheck, openSqlite, type SqliteQueries } from './open.ts'
import { begin, type Call, type Reply } from './store.ts'
import { StoreError, StoreSetupError } from '../store.ts'

// Keep imports few: the start of the gateway waits for this thread.
const port = parentPort
if (port === null) throw new Error('this file runs as a worker thread')
const path: unknown = workerData
if (typeof path !== 'string') throw new Error('the path of the database file is missing')
const send = (reply: Reply) => {
  port.postMessage(reply)
}

try {
  serve(await openSqlite(path), createFileCheck(path))
  send({ kind: 'opened' })
} catch (error) {
  const { message, cause, isTemporary } =
    error instanceof StoreSetupError
      ? error
      : new StoreSetupError(`${path}: cannot be opened`, error, { isTemporary: true })
  send({ kind: 'not_opened', why: message, cause: toPlain(cause), isTemporary })
}

/** Runs calls one after the other in the order of arrival: there is one connection. */
function serve(queries: SqliteQueries, checkFile: () => void): void {
  const methods: Record<keyof SqliteQueries, (...parameters: never[]) => Promise<unknown>> = queries
  const run = async ({ id, method, parameters, state }: Call) => {
    try {
      // The caller has already been answered that nothing was done.
      if (!begin(state)) throw new StoreError('the call was given up before it began', undefined)
      if (method !== 'close') checkFile()
      send({ kind: 'answer', id, value: await methods[method](...parameters) })
    } catch (error) {
      const { cause, mayHaveCommitted } =
        error instanceof StoreError ? error : { cause: error, mayHaveCommitted: false }
      send({ kind: 'error', id, error: toPlain(cause), mayHaveCommitted })
    }
  }
  let last = Promise.resolve()
  port?.on('message', (call: Call) => {
    // A backup takes long, and may run beside other calls.
    if (call.method === 'backup') void run(call)
    else last = last.then(() => run(call))
  })
}

/** Copies an error with its code, which a structured clone would lose. */
function toPlain(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const { name, message, stack } = error
  return { name, message, stack, ...('code' in error && { code: error.code }) }
}
