import type { Environment } from './variables.ts'

const KEYS = ['DIVAR_IDENTIFICATION_KEY', 'DIVAR_IDENTIFICATION_KEY_NEXT']

/** A quote, or a character that is not seen (direction marks, zero-width characters, a byte order mark), first or last. */
const WRAPPED = /^["'`“”‘’«»\p{Cf}]|["'`“”‘’«»\p{Cf}]$/u

/**
 * Identification keys that were probably copied with more than the key. A key has no alphabet, so such a key is taken as it is: this is a
 * warning, not a fault.
 */
export function suspectKeys(given: Environment): string[] {
  return KEYS.filter((name) => WRAPPED.test(given[name] ?? ''))
}
