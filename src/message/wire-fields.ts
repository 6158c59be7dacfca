import * as z from 'zod'
import { readWebAddress } from '../base/address.ts'
import { isJsonObject, type JsonObject } from '../base/strict-json.ts'

/** What both wires' messages are made of. Every error names what was expected and nothing of what came. */

/** More than blanks, control and format characters (a lone zero-width non-joiner), marks on nothing, and letters that show nothing. */
const VISIBLE = /[^\s\p{Cc}\p{Cf}\p{M}\u2800\u3164\u115f\u1160\uffa0]/u

export const visibleText = z
  .string({ error: 'expected a string' })
  .regex(VISIBLE, { error: 'expected a text that is not blank' })

/** Absent, null and empty mean the same. The platform's list of names grows, so any name goes. */
export const optionalIcon = z
  .string({ error: 'expected the name of an icon' })
  .max(128, { error: 'expected the name of an icon' })
  .nullish()
  .transform((name) => (name === null || name === '' ? undefined : name))

const linkError = 'expected an absolute http(s) address of at most 4096 characters, without blanks and credentials'

/** Checked, and sent on as it was written. */
export const link = z
  .string({ error: linkError })
  .max(4096, { error: linkError })
  .refine((text) => readWebAddress(text) !== undefined, { error: linkError })

/** Kept as it came: copying it would be a chance to lose a key. */
export const anyObject = z
  .custom<JsonObject>(isJsonObject, { error: 'expected an object' })
  .superRefine((object, context) => {
    const path = findInexactInteger(object, [])
    if (path === undefined) return
    const message = 'expected integers within ±(2^53-1); send a larger one as a string'
    context.addIssue({ code: 'custom', path, message })
  })

/** Where the first integer stands that a double cannot hold: it would arrive with other digits. */
function findInexactInteger(value: unknown, path: PropertyKey[]): PropertyKey[] | undefined {
  if (typeof value === 'number') return Number.isInteger(value) && !Number.isSafeInteger(value) ? path : undefined
  if (typeof value !== 'object' || value === null) return undefined
  for (const [key, member] of Object.entries(value)) {
    const found = findInexactInteger(member, [...path, key])
    if (found !== undefined) return found
  }
  return undefined
}
