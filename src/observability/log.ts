import { pino, type DestinationStream, type Logger as PinoLogger } from 'pino'

/**
 * What each level means:
 * - `fatal`: the process ends.
 * - `error`: a user or a message was harmed; act now.
 * - `warn`: a problem without harm; look at it this week.
 * - `info`: one line per request or background task.
 * - `debug`: details for debugging; off in production.
 */
export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'silent'] as const
type LogLevel = (typeof LOG_LEVELS)[number]
/** The level of a line. */
export type Level = Exclude<LogLevel, 'fatal' | 'silent'>

/** The part of pino's logger that the gateway and its resolvers use. */
export type Logger = Pick<PinoLogger, 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'child'>

export function createLogger(level: LogLevel, stream: DestinationStream = process.stdout): Logger {
  return pino(
    {
      level,
      base: null,
      formatters: { level: (label) => ({ level: label }) },
      timestamp: createIsoTime(),
    },
    stream,
  )
}

/** As pino's isoTime, but lines of one millisecond share the text: formatting it for each takes 1 % of a click. */
function createIsoTime(): () => string {
  let writtenAt = NaN
  let text = ''
  return () => {
    const now = Date.now()
    if (now !== writtenAt) {
      writtenAt = now
      text = `,"time":"${new Date(now).toISOString()}"`
    }
    return text
  }
}

/** An error's name, code and first stack frames. Not its message, which may contain a token, a text or a phone number. */
export function describeError(error: unknown): { error: string; error_code?: string; error_at?: string[] } {
  if (typeof error !== 'object' || error === null) return { error: typeof error }
  // No `instanceof Error`, which is false for errors of another realm.
  const members: { name?: unknown; code?: unknown; stack?: unknown; message?: unknown } = error
  const name = readSafely(() => members.name)
  const code = readSafely(() => members.code)
  const frames = readSafely(() => framesOf(members.stack, members.message)) ?? []
  return { error: isWord(name) ? name : 'object', ...(isWord(code) && { error_code: code }), error_at: frames }
}

/** A resolver can throw an error whose getters throw. */
function readSafely<Value>(read: () => Value): Value | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

function isWord(value: unknown): value is string {
  return typeof value === 'string' && /^\w{1,64}$/.test(value)
}

/** The first frames of a stack. The message comes before them and may itself contain lines that look like frames. */
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
