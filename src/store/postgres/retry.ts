import { MigrationError } from '../migrate.ts'
import { isRetryable } from './driver.ts'

/** Runs of one transaction when PostgreSQL asks to run it again, as it does after a deadlock. */
const MAX_TRIES = 5

export async function retryTransaction<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work()
    } catch (error) {
      if (tries === MAX_TRIES || !isRetryable(error instanceof MigrationError ? error.cause : error)) throw error
    }
  }
}
