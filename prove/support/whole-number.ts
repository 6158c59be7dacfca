/**
 * What was given to an option that takes a whole number.
 * @throws Error naming the option and what it takes
 */
export function wholeNumber(option: string, text: string, least = 1): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value
  throw new Error(`--${option}: expected a whole number of at least ${least}`)
}
