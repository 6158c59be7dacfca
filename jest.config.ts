import type { Config } from 'jest'

const config: Config = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/test/support/strip-types.ts' },
  testTimeout: 20_000,
  // Half of a test's time is waiting: two cores carry two workers, where jest by itself would use one.
  maxWorkers: '100%',
}

export default config
