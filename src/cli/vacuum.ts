import { Option, type Command } from 'commander'
import * as z from 'zod'
import { StoreSetupError } from '../store/store.ts'
import { CommandFailure, EXIT } from './io.ts'
import type { Output } from './output.ts'

const options = z.object({ database: z.string(), json: z.boolean().optional() })

export function registerVacuum(program: Command, output: Output): void {
  program
    .command('vacuum')
    .description('shrink the SQLite file of a gateway that is stopped')
    .addOption(
      new Option('--database <url>', 'file:<path>, as in DATABASE_URL').env('DATABASE_URL').makeOptionMandatory(),
    )
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nThe folder needs free space for the new file. An interruption leaves the old one.\n\nExample:\n  $ kenar-chat-gateway vacuum --database file:/data/gateway.db\n',
    )
    .action(async (given: unknown) => {
      const { database, json } = options.parse(given)
      const [, path] = /^file:(?:\/\/(?=\/))?([^?]+)$/.exec(database) ?? []
      if (path === undefined) {
        throw new CommandFailure('--database: expected file:<path>; PostgreSQL vacuums itself', EXIT.usage)
      }
      const sizes = await vacuum(path)
      if (json) output.json(sizes)
      else output.out(`${path}: ${sizes.before} bytes before, ${sizes.after} bytes after`)
    })
}

/** @throws CommandFailure when the file cannot be vacuumed */
async function vacuum(path: string) {
  const { vacuumSqlite } = await import('../store/sqlite/vacuum.ts')
  try {
    return vacuumSqlite(path)
  } catch (error) {
    throw error instanceof StoreSetupError ? new CommandFailure(error.message, EXIT.wrong) : error
  }
}
