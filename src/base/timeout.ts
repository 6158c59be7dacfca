/** Event-loop turns for reading after the time has passed: one reads the socket, the others let the layers above process the answer. */
const EXTRA_TURNS = 8

/**
 * Calls `onPassed` after this many milliseconds, but only once what has already arrived was read. Node runs timers before it reads sockets: after
 * the process was paused (live migration, snapshot, CPU quota), a plain timer would discard answers that wait in the socket's buffer.
 * @returns stops it; may be called at any time, repeatedly
 */
export function startDeadline(ms: number, onPassed: () => void): () => void {
  let immediate: NodeJS.Immediate | undefined
  let turnsLeft = EXTRA_TURNS
  const takeTurn = () => {
    turnsLeft -= 1
    if (turnsLeft < 0) onPassed()
    else immediate = setImmediate(takeTurn)
  }
  const timer = setTimeout(takeTurn, ms)
  return () => {
    clearTimeout(timer)
    clearImmediate(immediate)
  }
}

/** Waits for `work` for at most `ms` milliseconds. Resolves to its value, or to `undefined` on timeout; the work itself continues. */
export async function withTimeout<Value>(ms: number, work: Promise<Value>): Promise<{ value: Value } | undefined> {
  const late = Promise.withResolvers<undefined>()
  const stop = startDeadline(ms, () => {
    late.resolve(undefined)
  })
  try {
    return await Promise.race([work.then((value) => ({ value })), late.promise])
  } finally {
    stop()
  }
}
