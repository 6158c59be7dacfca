import * as z from 'zod'
import { Fault, type FieldError } from './fault.ts'

/** A schema that is compiled. */
export type Compiled<Output> = Pick<z.ZodType<Output>, 'parse' | 'safeParse'> & { schema: z.ZodType<Output> }

/** Compiles a schema when it is first used: compiling all of them takes a good part of the start. */
export function compiledAtFirstUse<Output>(schema: z.ZodType<Output>): Compiled<Output> {
  let compiled: z.ZodType<Output> | undefined
  const compile = () => (compiled ??= z.compile(schema))
  return { schema, parse: (value) => compile().parse(value), safeParse: (value) => compile().safeParse(value) }
}

export const NO_CONTROL = /^\P{Cc}*$/u
export const controlError = 'expected no control characters'

/**
 * An id or a token that is sent on: one rule for both wires, in bodies, paths and queries.
 * @param hint is appended to the error
 */
export function requiredId(max: number, hint = '') {
  return requiredText(max, hint).regex(NO_CONTROL, { error: controlError })
}

/** @param hint is appended to the error */
export function requiredText(max: number, hint = '') {
  const error = `expected a string of 1 to ${max} characters${hint}`
  return z.string({ error }).min(1, { error }).max(max, { error })
}

/** Errors beyond this are not listed. */
const MAX_LISTED = 50
const MAX_SUMMARIZED = 5
const MAX_POINTER = 500

/** A zod error as JSON pointers. The schemas' texts say what was expected, and never repeat the value. */
export function fieldErrors(error: z.ZodError): FieldError[] {
  return error.issues
    .slice(0, MAX_LISTED)
    .map(({ path, message }) => ({ pointer: toShortPointer(path), detail: message }))
}

/** Writes a path as a JSON pointer (RFC 6901). */
export function toPointer(path: readonly PropertyKey[]): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/** A very long pointer ends early, at an ancestor. */
function toShortPointer(path: readonly PropertyKey[]): string {
  let pointer = ''
  for (const step of path) {
    const longer = pointer + toPointer([step])
    if (longer.length > MAX_POINTER) break
    pointer = longer
  }
  return pointer
}

/** The first errors in one sentence. */
export function summarize(errors: readonly FieldError[]): string {
  const listed = errors.slice(0, MAX_SUMMARIZED).map(({ pointer, detail }) => `${pointer || 'body'}: ${detail}`)
  const more = errors.length - listed.length
  return listed.join('; ') + (more > 0 ? `; and ${more} more` : '')
}

/** A filter in a body that cannot be used. */
export function invalidFilter(errors: FieldError[]): Fault {
  return new Fault('invalid_filter', summarize(errors), { errors })
}
