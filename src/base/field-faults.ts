import type * as z from 'zod'
import type { PointedFault } from './fault.ts'

/** As many as a person reads; a hostile body does not get to write a long answer. */
const MAX_LISTED = 50
const MAX_SUMMARIZED = 5

/** A zod error as JSON pointers. The schemas' own error texts say what was expected; the value that came is never repeated. */
export function pointedFaults(error: z.ZodError): PointedFault[] {
  return error.issues.slice(0, MAX_LISTED).map(({ path, message }) => ({ pointer: toPointer(path), detail: message }))
}

const MAX_POINTER = 500

/** Writes a path as a JSON pointer (RFC 6901); a very long one ends early, at an ancestor. */
export function toPointer(path: readonly PropertyKey[]): string {
  let pointer = ''
  for (const step of path) {
    const longer = `${pointer}/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`
    if (longer.length > MAX_POINTER) break
    pointer = longer
  }
  return pointer
}

/** All faults in one sentence, for where there is only room for a message. */
export function summarize(errors: readonly PointedFault[]): string {
  const listed = errors.slice(0, MAX_SUMMARIZED).map(({ pointer, detail }) => `${pointer || 'body'}: ${detail}`)
  const more = errors.length - listed.length
  return listed.join('; ') + (more > 0 ? `; and ${more} more` : '')
}
