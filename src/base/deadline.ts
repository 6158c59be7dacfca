/** Turns of the event loop that are left for reading after the time has passed. One reads the socket; the others let layers above it take the answer in. */
const EXTRA_TURNS = 8

/**
 * Calls `onPassed` once this many milliseconds have passed, but only after what has already arrived was read. Node runs timers before it reads
 * sockets: after the process was paused (live migration, snapshot, CPU quota), a plain timer would throw away answers that wait in the socket's buffer.
 * @returns stops it; may be called at any time, also more than once
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
