/** Shorter secrets would also be found where they are not meant. */
const LEAST_MASKED = 8
const MASK = '***'

/** Strings and numbers of a JSON text. It is valid, so a quote always begins a string. */
const SCALARS = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g

/** Replaces each secret in a text that was read from JSON, or is none. */
export function maskText(text: string, secrets: readonly string[]): string {
  return secrets.reduce((masked, secret) => masked.replaceAll(secret, MASK), text)
}

/**
 * Replaces each secret in the strings, keys and numbers of a JSON text, also where it is written with escapes. Everything else stays as it
 * is written, such as integers that a number could not hold.
 * @param json valid JSON in UTF-8
 */
export function maskJson(json: Buffer, secrets: readonly string[]): Buffer {
  const long = secrets.filter(({ length }) => length >= LEAST_MASKED)
  // Only an escape can hide a secret, so most answers need no reading.
  if (!json.includes('\\') && !long.some((secret) => json.includes(secret))) return json
  const text = json.toString()
  const masked = text.replace(SCALARS, (scalar) => maskScalar(scalar, long))
  return masked === text ? json : Buffer.from(masked)
}

function maskScalar(scalar: string, secrets: readonly string[]): string {
  const value: unknown = scalar.includes('\\') ? JSON.parse(scalar) : scalar.replaceAll('"', '')
  const text = String(value)
  const masked = maskText(text, secrets)
  return masked === text ? scalar : JSON.stringify(masked)
}
