import type { IncomingMessage } from 'node:http'

/** The values of a header as they came, one for each line; Node joins them with commas, or keeps the first only. */
export function valuesOf(name: string, rawHeaders: IncomingMessage['rawHeaders']): string[] {
  const values: string[] = []
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const other = rawHeaders[index] ?? ''
    // By length first: few names have to be compared, and none is copied.
    if (other.length === name.length && other.toLowerCase() === name) values.push(rawHeaders[index + 1] ?? '')
  }
  return values
}

/** Whether a header came with two values that differ. The same value twice says nothing else than once: some proxies repeat a header. */
export function isContradictory(values: readonly string[]): boolean {
  return values.some((value) => value !== values[0])
}
