import { existsSync, readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { addVariables } from '../config/config.ts'
import { describeError } from '../observability/log.ts'
import { CommandFailure, EXIT } from './io.ts'
import type { Output } from './output.ts'

const FILE = '.env'

export function registerStart(program: Command, output: Output): void {
  program
    .command('start')
    .description('start the gateway with the variables of the environment, and of .env in this folder if there is one')
    .addHelpText(
      'after',
      '\nVariables of the environment have precedence over .env. The package has .env.example with all variables.\nExit codes are those of the gateway: 75 if a later start may succeed, 78 for a configuration that cannot.\n',
    )
    .action(async () => {
      if (existsSync(FILE)) {
        addVariables(readText())
        output.err(`Variables of ${FILE} in this folder are used.`)
      }
      const { run } = await import('../app/run.ts')
      run()
    })
}

/** @throws CommandFailure when the file cannot be read */
function readText(): string {
  try {
    return readFileSync(FILE, 'utf8')
  } catch (error) {
    throw new CommandFailure(`${FILE}: cannot be read (${describeError(error).error_code ?? 'unreadable'})`, EXIT.usage)
  }
}
