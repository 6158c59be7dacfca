import { nearestName } from '../base/nearest.ts'

/** One line about a member that the gateway does not read, with the known name that was probably meant. */
export function explainIgnored({ pointer, known }: { pointer: string; known: Iterable<string> }): string {
  const name = pointer
    .slice(pointer.lastIndexOf('/') + 1)
    .replaceAll('~1', '/')
    .replaceAll('~0', '~')
  const meant = nearestName(name, known)
  return meant === undefined ? `${pointer}: not read` : `${pointer}: not read; did you mean ${meant}?`
}
