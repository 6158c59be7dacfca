import { CommanderError } from 'commander'
import * as z from 'zod'
import { Fault } from '../base/fault.ts'
import { describeError } from '../observability/log.ts'
import { CommandFailure, EXIT, type ExitCode } from './io.ts'
import { linesOf } from './output.ts'

/** The exit code of a command that threw, and the lines to print; none when commander has printed its own. */
type Failure = { exitCode: ExitCode; lines: readonly string[] }

/** Maps an error to its exit code. */
export function failureOf(error: unknown): Failure {
  if (error instanceof CommandFailure) return { exitCode: error.exitCode, lines: [error.message, ...error.details] }
  // Options are read with schemas.
  if (error instanceof z.ZodError) return { exitCode: EXIT.usage, lines: linesOf(z.prettifyError(error)) }
  if (error instanceof CommanderError) return { exitCode: error.exitCode === 0 ? EXIT.ok : EXIT.usage, lines: [] }
  if (error instanceof Fault) return { exitCode: EXIT.wrong, lines: [error.message] }
  const { error: name, error_code: code } = describeError(error)
  const message = error instanceof Error ? error.message : ''
  return { exitCode: EXIT.usage, lines: [`the command failed: ${message || (code ?? name)}`] }
}
