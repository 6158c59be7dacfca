import { destination, pino, type DestinationStream, type Logger as PinoLogger } from 'pino'
import { writeWhole } from './log-lines.ts'

/**
 * What each level means:
 * - `fatal`: the process ends.
 * - `error`: a user or a message was harmed; somebody must act now.
 * - `warn`: something is off and was survived; look at it this week.
 * - `info`: one line for each unit of work.
 * - `debug`: what helps while hunting a fault; off in production.
 */
export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** The part of pino's logger that the gateway and its resolvers use. */
export type Logger = Pick<PinoLogger, 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'child'>

export function createLogger(
  level: LogLevel,
  stream: DestinationStream = (standardOutput ??= openStandardOutput()),
): Logger {
  const logger = pino(
    {
      level,
      base: null,
      formatters: { level: (label) => ({ level: label }) },
      timestamp: readClock,
    },
    stream,
  )
  writeWhole(logger)
  return logger
}

let clock = { second: NaN, text: '' }
const ENDS_OF_TIME = Array.from({ length: 1000 }, (_, thousandth) => `${String(thousandth).padStart(3, '0')}Z"`)

/** The time as pino writes it. Lines of one second share what is the same: to write all of it costs 4 % of a click's instructions. */
function readClock(): string {
  const ms = Date.now()
  const second = Math.floor(ms / 1000)
  if (second !== clock.second) clock = { second, text: `,"time":"${new Date(ms).toISOString().slice(0, -4)}` }
  return clock.text + (ENDS_OF_TIME[Math.floor(ms) - second * 1000] ?? '')
}

type Output = DestinationStream & { flushSync: () => void }

/** One for the process, however many loggers there are. */
let standardOutput: Output | undefined

/** How long lines are gathered before they are written. */
const GATHERS_MS = 10
/** More than this, in bytes, does not wait for that. */
const MAX_GATHERED = 64 * 1024
/** What waits, in bytes, for a reader of the log that stands still. What comes then is lost, and counted. */
const MAX_WAITING = 16 * 1024 * 1024
const MAX_BYTES_OF_CHARACTER = 3

/**
 * Gathers what is logged within some milliseconds, and hands it over to be written with one system call: that and what is being written is all that
 * a kill can take away; an exit takes nothing. A thread of the pool writes: who reads the log must not be able to hold up the clicks. Such a write
 * costs as much as a third of a click, and a turn of the event loop has one click or two unless the core is busy: a core that was busy for 94 % of
 * its time with a write for each turn is busy for 79 %. Lines are gathered as bytes: as strings they would all live until they are written, and be
 * moved by the collector; and as bytes they go on, since text would be encoded twice: 3 % of a click's time.
 */
function openStandardOutput(): Output {
  const output = destination({ dest: 1, maxLength: MAX_WAITING, contentMode: 'buffer' })
  // In this mode it takes bytes, of which its types know nothing.
  const write = output.write.bind(output)
  const handOver = (bytes: Buffer) => {
    Reflect.apply(write, undefined, [bytes])
  }
  const gathered = Buffer.allocUnsafeSlow(MAX_GATHERED)
  let used = 0
  let timer: NodeJS.Timeout | undefined
  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    const written = Buffer.from(gathered.subarray(0, used))
    used = 0
    if (written.length > 0) handOver(written)
  }
  let lost = 0
  output.on('drop', (lines: Buffer) => (lost += lines.toString().split('\n').length - 1))
  output.on('drain', () => {
    if (lost === 0) return
    const lines = lost
    lost = 0
    handOver(Buffer.from(`{"level":"warn"${readClock()},"event":"log.lines_lost","lines":${lines}}\n`))
  })
  // Before pino's own listener, which closes the output.
  process.prependListener('exit', flush)
  return {
    write: (line) => {
      const most = line.length * MAX_BYTES_OF_CHARACTER
      if (used + most > MAX_GATHERED) flush()
      if (most > MAX_GATHERED) {
        handOver(Buffer.from(line))
        return
      }
      timer ??= setTimeout(flush, GATHERS_MS)
      used += gathered.write(line, used)
    },
    // pino calls it after a fatal line.
    flushSync: flush,
  }
}

/**
 * What may be logged of an error that is not ours: its kind, its code and where it came from. Its message stays out, since a library
 * or a resolver is free to put a token, a text or a phone number into it.
 */
export function describeError(error: unknown): { error: string; error_code?: string; error_at?: string[] } {
  if (typeof error !== 'object' || error === null) return { error: typeof error }
  // Looked at by its members: an error from another realm, such as a worker's, is no `instanceof Error`.
  const { name, code, stack, message }: { name?: unknown; code?: unknown; stack?: unknown; message?: unknown } = error
  return {
    error: isWord(name) ? name : 'object',
    ...(isWord(code) && { error_code: code }),
    error_at: framesOf(stack, message),
  }
}

function isWord(value: unknown): value is string {
  return typeof value === 'string' && /^\w{1,64}$/.test(value)
}

/** The first frames of a stack. The message stands in front of them and may itself have lines that look like frames. */
function framesOf(stack: unknown, message: unknown): string[] {
  if (typeof stack !== 'string' || typeof message !== 'string') return []
  const at = stack.indexOf(message)
  if (at < 0) return []
  return stack
    .slice(at + message.length)
    .split('\n')
    .filter((line) => /^ {4}at /.test(line))
    .slice(0, 5)
    .map((line) => line.trim())
}
