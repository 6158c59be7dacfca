/**
 * A thread of the gateway's process that ends it some time after its parent has gone. The main thread does the same by itself and sooner,
 * unless an endless loop of the user's file keeps it from noticing.
 */
const INTERVAL_MS = 1000
/** Longer than a gateway needs to stop. */
const GRACE_MS = 5000

const parent = process.ppid
const watch = setInterval(() => {
  if (process.ppid === parent) return
  clearInterval(watch)
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), GRACE_MS)
}, INTERVAL_MS)
