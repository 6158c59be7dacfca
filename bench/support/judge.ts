import type { Expected } from './wire.ts'

const MAX_ANSWER = 64 * 1024
const STATUS = Buffer.from('HTTP/1.1 200 ')

/** Whether these bytes are the whole right answer, may still become it, or never will. */
export type Judge = (bytes: Buffer) => 'right' | 'partial' | 'wrong'

/**
 * Looks at every answer, and as little as proves it: the status at its front, and at its end a body of the expected length that begins as
 * expected, right after the head. Both ways to frame a body are known; connections carry one answer at a time.
 */
export function createJudge({ prefix, length }: Expected): Judge {
  const framings = [
    { before: '\r\n\r\n', after: '' },
    { before: `\r\n\r\n${length.toString(16)}\r\n`, after: '\r\n0\r\n\r\n' },
  ].map(({ before, after }) => ({
    start: Buffer.from(before + prefix),
    after: Buffer.from(after),
    size: before.length + length + after.length,
  }))
  return (bytes) => {
    if (bytes.length < STATUS.length) return 'partial'
    if (bytes.compare(STATUS, 0, STATUS.length, 0, STATUS.length) !== 0) return 'wrong'
    for (const { start, after, size } of framings) {
      const from = bytes.length - size
      if (from > 0 && holds(bytes, start, from) && holds(bytes, after, bytes.length - after.length)) return 'right'
    }
    return bytes.length > MAX_ANSWER ? 'wrong' : 'partial'
  }
}

function holds(bytes: Buffer, part: Buffer, at: number): boolean {
  return part.length === 0 || bytes.compare(part, 0, part.length, at, at + part.length) === 0
}
