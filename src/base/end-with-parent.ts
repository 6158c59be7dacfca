import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'

/**
 * Ends this process some time after its parent has gone, in a thread of its own: an endless loop of the user's file keeps the main thread
 * from noticing. A main thread that can stop by itself has the time to do so first.
 */
export function endWithParent(): void {
  const program = new URL(`parent-watch${extname(import.meta.url)}`, import.meta.url)
  // With its own output, which is empty: otherwise Node would open standard output, and writes to a pipe would no longer block.
  new Worker(program, { execArgv: [], workerData: process.ppid, stdout: true, stderr: true }).unref()
}
