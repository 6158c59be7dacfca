/** Where a command writes its lines. */
export type Io = {
  /** Results, for scripts. */
  out: (text: string) => void
  /** Errors, hints and progress. */
  err: (text: string) => void
  /** Whether colours may be used: on a terminal, and not with NO_COLOR. */
  colours: boolean
}

/** Exit codes of every command; README and `--help` list the same. */
export const EXIT = {
  /** Success. */
  ok: 0,
  /** A check failed, a request was refused, or a file has an error. */
  wrong: 1,
  /** The command could not run: unknown option, unreadable file. */
  usage: 2,
  /** The address did not answer. */
  unreachable: 3,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** Ends a command with this message and exit code. */
export class CommandFailure extends Error {
  override name = 'CommandFailure'
  readonly exitCode: ExitCode
  /** More lines after the message. */
  readonly details: readonly string[]

  constructor(message: string, exitCode: ExitCode, details: readonly string[] = []) {
    super(message)
    this.exitCode = exitCode
    this.details = details
  }
}
