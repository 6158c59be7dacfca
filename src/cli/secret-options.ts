import type { Command } from 'commander'
import { secretFromFile } from '../config/config.ts'
import { CommandFailure, EXIT } from './io.ts'

/** Sets options from files of secrets, as the gateway reads them: `DIVAR_API_KEY_FILE` for an option that `DIVAR_API_KEY` sets. */
export function setSecretsFromFiles(command: Command): void {
  for (const option of command.options) {
    const secret = option.envVar === undefined ? undefined : secretFromFile(option.envVar)
    if (secret === undefined) continue
    if ('fault' in secret) throw new CommandFailure(`${option.envVar ?? ''}_FILE: ${secret.fault}`, EXIT.usage)
    command.setOptionValueWithSource(option.attributeName(), secret.text, 'env')
  }
}
