/** Where a command writes lines that are ready to print. */
export type Io = {
  /** Results: what a script reads. */
  out: (text: string) => void
  /** Errors of the run itself, hints, progress. */
  err: (text: string) => void
  /** Whether colours may be used: on a terminal, and not with NO_COLOR. */
  colours: boolean
}

/** Exit codes of every command; README and `--help` list the same. */
export const EXIT = {
  /** All is well. */
  ok: 0,
  /** The command ran, and what it checked is wrong: a refusal, a fault in a file, a check that failed. */
  wrong: 1,
  /** The command could not run: unknown options, a file that cannot be read. */
  usage: 2,
  /** No answer came from the address. */
  unreachable: 3,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** Ends a command early with a message of its own. */
export class CommandFailure extends Error {
  override name = 'CommandFailure'
  readonly exitCode: ExitCode
  /** Further lines below the message. */
  readonly details: readonly string[]

  constructor(message: string, exitCode: ExitCode, details: readonly string[] = []) {
    super(message)
    this.exitCode = exitCode
    this.details = details
  }
}
