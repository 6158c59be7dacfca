import { constants, openSync } from 'node:fs'
import sonicBoom from 'sonic-boom'

/** Lines are buffered up to this many bytes, or for this long. */
const GATHERED_BYTES = 32 * 1024
const GATHERED_MS = 100
/** Delay before a full pipe is retried. sonic-boom's own 100 ms is long enough for a busy gateway to fill a pipe several times. */
const FULL_PIPE_RETRY_MS = 5
/** Bytes buffered while standard output fails or is slow. Lines beyond that are dropped and counted. */
const WAITING_BYTES = 16 * 1024 * 1024

declare module 'sonic-boom' {
  // eslint-disable-next-line @typescript-eslint/consistent-type-definitions -- only an interface adds to a class
  interface SonicBoom {
    /** With `contentMode: 'buffer'`; missing in the library's types. */
    write(bytes: Uint8Array): boolean
  }
}

export type StandardOutput = {
  write: (line: string) => void
  /** How many lines were lost since the start. */
  linesLost: () => number
  /** Whether a write may block a thread, for which `process.exit()` would wait. */
  isBlocking: boolean
  /** Flushes and reports lost lines, for at most `ms` milliseconds; resolves to false if a write still hangs. Later lines are dropped. */
  end: (ms: number) => Promise<boolean>
}

/** Lines lost since the last report, and the code of the last error, such as ENOSPC; absent when the reader was too slow. */
type LostLines = { lines: number; error_code?: string }

/**
 * Opens standard output for the log. A failure (a full disk, a closed or slow reader) never throws, blocks or ends the process: buffered lines
 * are retried, and `onRecovered` reports the lost ones once writing works again.
 *
 * Not `pino.destination`: it flushes synchronously at exit, endlessly if writing fails, and drops everything after one EPIPE.
 */
export function openStandardOutput(onRecovered: (lost: LostLines) => void): StandardOutput {
  const terminal = process.stdout.isTTY ? openTerminal() : undefined
  const stream = new sonicBoom.SonicBoom({
    fd: terminal ?? process.stdout.fd,
    minLength: GATHERED_BYTES,
    periodicFlush: GATHERED_MS,
    maxLength: WAITING_BYTES,
    maxWrite: 2 * GATHERED_BYTES,
    // With strings, sonic-boom measures everything gathered again for each line.
    contentMode: 'buffer',
    retryEAGAIN: () => false,
  })
  let total = 0
  let unreported = 0
  let errorCode: string | undefined
  let retry: NodeJS.Timeout | undefined
  let ending: Promise<boolean> | undefined
  let isOpen = true
  const ended = Promise.withResolvers<boolean>()
  // The stream keeps what it could not write and retries it with each later write or flush.
  stream.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (code === 'EAGAIN') {
      clearTimeout(retry)
      retry = setTimeout(() => {
        stream.flush()
      }, FULL_PIPE_RETRY_MS)
      return
    }
    errorCode = code
    if (ending !== undefined) ended.resolve(true)
  })
  stream.on('drop', () => {
    total += 1
    unreported += 1
  })
  stream.on('drain', () => {
    const lost = { lines: unreported, ...(errorCode !== undefined && { error_code: errorCode }) }
    unreported = 0
    errorCode = undefined
    isOpen = true
    if (lost.lines > 0) onRecovered(lost)
    isOpen = ending === undefined
    if (ending !== undefined) stream.end()
  })
  stream.on('close', () => {
    clearTimeout(retry)
    ended.resolve(true)
  })
  return {
    write: (line) => {
      if (isOpen) stream.write(Buffer.from(line))
    },
    linesLost: () => total,
    isBlocking: process.stdout.isTTY && terminal === undefined,
    end: (ms) => {
      if (ending === undefined) {
        ending = ended.promise
        isOpen = false
        setTimeout(ended.resolve, ms, false)
        // An ending stream emits no `drain`, after which lost lines are reported.
        if (unreported > 0) stream.flush()
        else stream.end()
      }
      return ending
    },
  }
}

/** Node sets a pipe to non-blocking, but not a terminal: a paused one (Ctrl-S) would block, so it is opened anew. */
function openTerminal(): number | undefined {
  try {
    return openSync(
      `/proc/self/fd/${process.stdout.fd}`,
      constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY,
    )
  } catch {
    return undefined
  }
}
