import * as z from 'zod'

/** Kinds of fields that more than one body has. Every error names what was expected and nothing of what came. */

/** Ids, tokens and scopes hold no control characters. */
export const NO_CONTROL = /^\P{Cc}*$/u
export const controlError = 'expected no control characters'

/**
 * An id or a token that is sent on: one rule for both wires, in bodies, paths and queries.
 * @param hint goes on where the error ends
 */
export function requiredId(max: number, hint = '') {
  return requiredText(max, hint).regex(NO_CONTROL, { error: controlError })
}

/** @param hint goes on where the error ends */
export function requiredText(max: number, hint = '') {
  const error = `expected a string of 1 to ${max} characters${hint}`
  return z.string({ error }).min(1, { error }).max(max, { error })
}
