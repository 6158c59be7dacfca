import type { IncomingMessage } from 'node:http'

/** The values of a header, one for each line; `headers` of Node joins them with commas or keeps the first. */
export function valuesOf(name: string, rawHeaders: IncomingMessage['rawHeaders']): string[] {
  const values: string[] = []
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const other = rawHeaders[index] ?? ''
    // Length first: it is cheaper than lower-casing each name.
    if (other.length === name.length && other.toLowerCase() === name) values.push(rawHeaders[index + 1] ?? '')
  }
  return values
}

/** Whether a header came with different values. Equal ones are fine, since some proxies repeat a header. */
export function isContradictory(values: readonly string[]): boolean {
  return values.some((value) => value !== values[0])
}
