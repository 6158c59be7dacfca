import { join } from 'node:path'
import type { Config } from 'jest'

// SQLite threads, of which the tests start hundreds, load what an earlier one has compiled.
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, 'node_modules', '.cache', 'node')

const config: Config = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  extensionsToTreatAsEsm: ['.ts'],
  // Sources import each other by their .ts names; the compiler rewrites these to .js, jest must find the .ts again.
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '\\.ts$': ['ts-jest', { useESM: true }] },
  testTimeout: 20_000,
  // Half of a test's time is waiting: two cores carry two workers, where jest by itself would use one.
  maxWorkers: '100%',
}

export default config
