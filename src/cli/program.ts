import { Command } from 'commander'
import { VERSION } from '../base/version.ts'
import { registerDemo } from './demo.ts'
import { registerDev } from './dev.ts'
import { registerDoctor } from './doctor.ts'
import { failureOf } from './failure.ts'
import { registerInit } from './init.ts'
import { EXIT, type ExitCode, type Io } from './io.ts'
import { createOutput, linesOf } from './output.ts'
import { registerRecord } from './record.ts'
import { registerReplay } from './replay.ts'
import { registerSend } from './send.ts'
import { setSecretsFromFiles } from './secret-options.ts'
import { registerSimulator } from './simulator.ts'
import { registerStart } from './start.ts'
import { registerTrigger } from './trigger.ts'
import { registerTry } from './try.ts'
import { registerVacuum } from './vacuum.ts'
import { registerValidate } from './validate.ts'

const EXIT_CODES = `
Exit codes: 0 success; 1 a check failed, was refused, or a file has an error; 2 the command could not run; 3 the address did not answer.
Keys can be set in the environment instead of options, so that they do not appear in process lists and shell history;
DIVAR_IDENTIFICATION_KEY_FILE, DIVAR_API_KEY_FILE and DIVAR_CLIENT_SECRET_FILE name a file with the key.`

/** Runs one command line and returns its exit code; everything that it prints goes through `io`. */
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
    .showHelpAfterError('Add --help for the options, and for the variables that set them.')
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
    registerInit,
    registerDev,
    registerStart,
    registerDemo,
    registerTrigger,
    registerSend,
    registerValidate,
    registerTry,
    registerRecord,
    registerReplay,
    registerDoctor,
    registerSimulator,
    registerVacuum,
  ]
  for (const register of commands) register(program, output, end)
  program.hook('preSubcommand', (_, command) => {
    setSecretsFromFiles(command)
  })
  try {
    await program.parseAsync(args, { from: 'user' })
    return code
  } catch (error) {
    const { exitCode, lines } = failureOf(error)
    output.err(...lines)
    // With --json, a command that fails prints one JSON document too.
    if (lines.length > 0 && args.includes('--json')) output.json({ error: lines.join('\n') })
    return exitCode
  }
}
