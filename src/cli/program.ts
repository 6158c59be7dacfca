import { Command, CommanderError } from 'commander'
import * as z from 'zod'
import { VERSION } from '../base/version.ts'
import { registerDoctor } from './doctor.ts'
import { CommandFailure, EXIT, type ExitCode, type Io } from './io.ts'
import { printJson } from './print.ts'
import { registerRecord } from './record.ts'
import { registerReplay } from './replay.ts'
import { registerSend } from './send.ts'
import { registerSimulator } from './simulator.ts'
import { registerTrigger } from './trigger.ts'
import { registerTry } from './try.ts'
import { registerValidate } from './validate.ts'

const EXIT_CODES = `
Exit codes: 0 all is well; 1 what was looked at is wrong or was refused; 2 the command could not run; 3 nobody answered.
Keys may stand in the environment in place of options, so that they are in no process list and no history.`

/** Runs one command line and tells its exit code; nothing is printed but through `io`. */
export async function runCommandLine(args: string[], io: Io): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok
  const end = (ended: ExitCode) => {
    code = ended
  }
  /** A script that asked for JSON gets its one document from a command that failed, too. */
  const fail = (error: string, exitCode: ExitCode) => {
    io.err(error)
    if (args.includes('--json')) printJson(io, { error })
    return exitCode
  }
  const program = new Command('kenar-chat-gateway')
    .description("Tools for apps in Divar's chat: try clicks, messages and resolvers, and check a running gateway.")
    .version(VERSION)
    .addHelpText('afterAll', EXIT_CODES)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        io.out(text.trimEnd())
      },
      writeErr: (text) => {
        io.err(text.trimEnd())
      },
      getOutHasColors: () => io.colours,
      getErrHasColors: () => io.colours,
    })
  const commands = [
    registerTrigger,
    registerSend,
    registerValidate,
    registerTry,
    registerRecord,
    registerReplay,
    registerDoctor,
    registerSimulator,
  ]
  for (const register of commands) register(program, io, end)
  try {
    await program.parseAsync(args, { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommandFailure) return fail(error.message, error.exitCode)
    // Options are read with schemas: what these refuse was given wrongly.
    if (error instanceof z.ZodError) return fail(z.prettifyError(error), EXIT.usage)
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    throw error
  }
}
