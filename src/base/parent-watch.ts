import { workerData } from 'node:worker_threads'
import * as z from 'zod'

/** A thread: see end-with-parent.ts. */
const INTERVAL_MS = 1000
/** Longer than a gateway needs to stop. */
const GRACE_MS = 5000

const parent = z.number().parse(workerData)
const watch = setInterval(() => {
  if (process.ppid === parent) return
  clearInterval(watch)
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), GRACE_MS)
}, INTERVAL_MS)
