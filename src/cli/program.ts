import { Command } from 'commander'
import { VERSION } from '../base/version.ts'
import { registerDoctor } from './doctor.ts'
import { failureOf } from './failure.ts'
import { EXIT, type ExitCode, type Io } from './io.ts'
import { createOutput, linesOf } from './output.ts'
import { registerRecord } from './record.ts'
import { registerReplay } from './replay.ts'
import { registerSend } from './send.ts'
import { registerSimulator } from './simulator.ts'
import { registerTrigger } from './trigger.ts'
import { registerTry } from './try.ts'
import { registerValidate } from './validate.ts'

const EXIT_CODES = `
Exit codes: 0 all is well; 1 what was checked is wrong or was refused; 2 the command could not run; 3 no answer came.
Keys may be set in the environment in place of options, so that they are in no process list and no history.`

/** Runs one command line and returns its exit code; all that it prints goes through `io`. */
export async function runCommandLine(args: string[], io: Io): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok
  const end = (ended: ExitCode) => {
    code = ended
  }
  const output = createOutput(io)
  const program = new Command('kenar-chat-gateway')
    .description("Tools for apps in Divar's chat: try clicks, messages and resolvers, and check a running gateway.")
    .version(VERSION)
    .addHelpText('afterAll', EXIT_CODES)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        output.out(...linesOf(text))
      },
      writeErr: (text) => {
        output.err(...linesOf(text))
      },
      getOutHasColors: () => false,
      getErrHasColors: () => false,
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
  for (const register of commands) register(program, output, end)
  try {
    await program.parseAsync(args, { from: 'user' })
    return code
  } catch (error) {
    const { exitCode, lines } = failureOf(error)
    output.err(...lines)
    // A script that asked for JSON gets its one document from a command that failed, too.
    if (lines.length > 0 && args.includes('--json')) output.json({ error: lines.join('\n') })
    return exitCode
  }
}
