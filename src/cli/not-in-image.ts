import { CommandFailure, EXIT } from './io.ts'

/**
 * Loads a part that the container image does not contain.
 * @param name of the part in the error
 * @throws CommandFailure when it is not installed
 */
export async function loadPart<Part>(name: string, load: () => Promise<Part>): Promise<Part> {
  try {
    return await load()
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) throw error
    throw new CommandFailure(`${name} is not part of this installation: run it from the npm package`, EXIT.usage)
  }
}
