import { PassThrough } from 'node:stream'
import { finished } from 'node:stream/promises'
import { expect, test } from '@jest/globals'
import { MAX_LINE_CHARACTERS, readLines } from '../../src/base/lines.ts'

async function linesOf(...chunks: string[]): Promise<string[]> {
  const stream = new PassThrough()
  const lines: string[] = []
  readLines(stream, (line) => lines.push(line))
  for (const chunk of chunks) stream.write(chunk)
  stream.end()
  await finished(stream)
  return lines
}

test('lines are read however the stream is cut, the last one also without a line break', async () => {
  const [first = 0, second = 0, ...rest] = Buffer.from('سلام\n')
  expect(await linesOf('one\nt', 'wo\n\nthr', 'ee')).toEqual(['one', 'two', '', 'three'])
  const stream = new PassThrough()
  const lines: string[] = []
  readLines(stream, (line) => lines.push(line))
  for (const bytes of [[first], [second], rest]) stream.write(Buffer.from(bytes))
  stream.end()
  await finished(stream)
  expect(lines).toEqual(['سلام'])
})

test('a line longer than the limit is passed on in parts, and nothing of it is lost', async () => {
  const part = 'x'.repeat(MAX_LINE_CHARACTERS / 2)
  const lines = await linesOf(part, part, part, 'end\nnext\n')
  expect(lines.map(({ length }) => length)).toEqual([MAX_LINE_CHARACTERS, part.length + 3, 4])
  expect(lines.join('')).toBe(`${part.repeat(3)}endnext`)
})
