import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { isRunByNpm } from '../config/config.ts'

/** npm and terminals may send the same signal twice in quick succession. */
const SECOND_SIGNAL_AFTER_MS = 1000
const INTERVAL_MS = 500

/**
 * Aborted when this process should stop: by SIGINT, SIGTERM or SIGHUP, or because the npm that runs it has ended. A second signal exits at
 * once, unless it follows within a second.
 */
export function stopSignal(): AbortSignal {
  const stopping = new AbortController()
  let firstAt: number | undefined
  const onSignal = () => {
    if (firstAt !== undefined && performance.now() - firstAt >= SECOND_SIGNAL_AFTER_MS) process.exit(1)
    firstAt ??= performance.now()
    stopping.abort()
  }
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal).on('SIGHUP', onSignal)
  if (isRunByNpm())
    watchParents(() => {
      stopping.abort()
    })
  return stopping.signal
}

/** Resolves once the signal is aborted. */
export async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort')
}

/** npm forwards SIGTERM to the shell of the command only, and SIGHUP to nothing, so this process may be left behind by either. */
function watchParents(onGone: () => void): void {
  const { ppid } = process
  const npm = parentOfShell(ppid)
  const watch = setInterval(() => {
    if (process.ppid === ppid && (parentOfShell(ppid) ?? npm) === npm) return
    clearInterval(watch)
    onGone()
  }, INTERVAL_MS)
  watch.unref()
}

/** The parent of a process that is a shell, where /proc tells it. Elsewhere `sh -c` becomes the command, which has npm as its parent. */
function parentOfShell(pid: number): string | undefined {
  try {
    const [, parent] = /^\d+ \(\w*sh\) \S (\d+) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? []
    return parent
  } catch {
    return undefined
  }
}
