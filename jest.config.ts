import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { Config } from 'jest'
import { bundleLibraries } from './scripts/bundle-libraries.ts'

// SQLite threads, of which the tests start hundreds, load what an earlier one has compiled.
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, 'node_modules', '.cache', 'node')
// In their threads and child processes too.
const libraries = await bundleLibraries()
process.env['NODE_OPTIONS'] = `${process.env['NODE_OPTIONS'] ?? ''} --require=${JSON.stringify(libraries.hook)}`.trim()

const config: Config = {
  testEnvironment: 'node',
  // npm run test:long runs these.
  testPathIgnorePatterns: ['/node_modules/', '\\.long\\.test\\.ts$'],
  roots: ['<rootDir>/test'],
  globalSetup: '<rootDir>/test/support/template/create.mts',
  globalTeardown: '<rootDir>/test/support/template/drop.mts',
  extensionsToTreatAsEsm: ['.ts'],
  // Sources import each other by their .ts names; the compiler rewrites these to .js, Jest must find the .ts again.
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1', ...libraries.moduleNameMapper },
  transform: { '\\.ts$': ['ts-jest', { useESM: true }] },
  // Ends a test that hangs. A slow machine is no failure.
  testTimeout: 60_000,
  // A third of a test's time is waiting: two cores carry three workers, where jest by itself would use one.
  maxWorkers: Math.ceil(availableParallelism() * 1.5),
  // Jest keeps the modules of finished suites; collecting garbage in gigabytes of them costs more than a new worker.
  workerIdleMemoryLimit: '1GB',
}

export default config
