import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/**
 * Reports that something is missing here, so that its tests are skipped.
 * @throws where TESTS_REQUIRE_ALL is set: .ci/run must not succeed with tests skipped
 */
export function reportMissing(what: string, consequence: string): void {
  const report = `${what} is missing here: ${consequence}.\n`
  if (process.env['TESTS_REQUIRE_ALL']) throw new Error(report)
  process.stderr.write(report)
}

/** Whether a program is installed; reported as missing when it is not. */
export async function hasProgram(name: string, consequence: string): Promise<boolean> {
  const installed = await isInstalled(name)
  if (!installed) reportMissing(name, consequence)
  return installed
}

/** Whether a program is installed; for tests that .ci/run may skip. */
export async function isInstalled(name: string): Promise<boolean> {
  try {
    await run('sh', ['-c', 'command -v "$0"', name])
    return true
  } catch {
    return false
  }
}
