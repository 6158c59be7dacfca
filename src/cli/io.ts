/** Where a command writes and what it may assume of whoever reads. Tests hand in their own. */
export type Io = {
  /** Results: what a script reads. One line each, or one JSON document with `--json`. */
  out: (text: string) => void
  /** What went wrong with the run itself, hints, progress. */
  err: (text: string) => void
  /** Whether colours may be used: on a terminal, and not with NO_COLOR. */
  colours: boolean
}

/** What every command ends with; README and `--help` say the same. */
export const EXIT = {
  /** All is well. */
  ok: 0,
  /** The command ran and what it looked at is wrong: a refusal, a fault in a file, a check that failed. */
  wrong: 1,
  /** The command could not run: unknown options, a file that cannot be read. */
  usage: 2,
  /** Nobody answered at the address. */
  unreachable: 3,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** Ends a command early with a message of its own. */
export class CommandFailure extends Error {
  override name = 'CommandFailure'
  readonly exitCode: ExitCode

  constructor(message: string, exitCode: ExitCode) {
    super(message)
    this.exitCode = exitCode
  }
}
