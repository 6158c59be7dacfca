import { ConfigError, readConfig, type Config, type Environment } from '../../src/config/config.ts'
import { environment } from './gateway.ts'

/** The configuration of `from`, by default a working one, with some variables set differently. */
export function configOf(overrides: Environment, from: Environment = environment()): Config {
  return readConfig({ ...from, ...overrides })
}

/** Every error that this configuration has. */
export function faultsOf(overrides: Environment, from?: Environment): readonly string[] {
  try {
    configOf(overrides, from)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.errors
    throw error
  }
}
