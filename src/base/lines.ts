import type { Readable } from 'node:stream'

/** A longer line is passed on in parts. */
export const MAX_LINE_CHARACTERS = 1024 * 1024

/** Reads a stream of text line by line. A line of more than 1 MiB is passed on in parts, so that memory stays bounded. */
export function readLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = ''
  stream.setEncoding('utf8')
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length >= MAX_LINE_CHARACTERS) {
      lines.push(rest)
      rest = ''
    }
    for (const line of lines) onLine(line)
  })
  stream.on('end', () => {
    if (rest !== '') onLine(rest)
  })
}
