import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text as readText } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from '@jest/globals'
import * as z from 'zod'

const run = promisify(execFile)
const LOG = fileURLToPath(new URL('../../src/base/log.ts', import.meta.url))
const line = z.looseObject({ n: z.number(), text: z.string(), time: z.iso.datetime({ precision: 3 }) })

/** What a process of its own wrote to its standard output that logs like this. */
async function linesOf(script: string) {
  const code = `import { createLogger } from ${JSON.stringify(LOG)}\nconst log = createLogger('info')\n${script}`
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', code], {
    maxBuffer: 16 * 1024 * 1024,
  })
  expect(stdout.endsWith('\n')).toBe(true)
  return stdout
    .trimEnd()
    .split('\n')
    .map((text) => line.parse(JSON.parse(text)))
}

test('what is logged at once is written whole and in its order, however much and however long', async () => {
  const lines = await linesOf(`
    const lengths = [1, 30_000, 2, 70_000, 10, 21_000, 21_000, 21_000, 21_000, 5]
    for (const [n, length] of lengths.entries()) log.info({ n, text: 'سلام \\u{1f600}'.repeat(length / 5) + 'x' })
  `)
  expect(lines.map(({ n }) => n)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  expect(lines[3]?.text).toBe(`${'سلام \u{1f600}'.repeat(14_000)}x`)
})

test('each line has the time at which it was written, to the millisecond, also across seconds', async () => {
  const lines = await linesOf(`
    const until = Date.now() + 1200
    for (let at = Date.now(); at < until; ) {
      const before = Date.now()
      if (before !== at) log.info({ n: before, text: '' })
      at = before
    }
  `)
  expect(lines.length).toBeGreaterThan(100)
  // Each was written after its own `n`, and before the next one's.
  for (const [index, { n, time }] of lines.entries()) {
    expect(Date.parse(time)).toBeGreaterThanOrEqual(n)
    expect(Date.parse(time)).toBeLessThanOrEqual(lines[index + 1]?.n ?? Infinity)
  }
})

test('turns follow each other', async () => {
  const lines = await linesOf(`
    log.info({ n: 0, text: '' })
    setImmediate(() => {
      log.info({ n: 1, text: '' })
      setTimeout(() => log.info({ n: 2, text: '' }), 1)
    })
  `)
  expect(lines.map(({ n }) => n)).toEqual([0, 1, 2])
})

test('a line does not wait for others, nor for the end of the process', async () => {
  const script = `
    import { createLogger } from ${JSON.stringify(LOG)}
    createLogger('info').info({ n: 0, text: 'alone' })
    process.stdin.resume()`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  await once(child.stdout, 'readable')
  expect(line.parse(JSON.parse(String(child.stdout.read())))).toMatchObject({ n: 0, text: 'alone' })
  child.stdin.end()
  await ended
})

test.each(['process.exit()', "log.fatal({ n: 1, text: 'fatal' }); process.exit()", ''])(
  'an exit takes nothing away: %s',
  async (end) => {
    const lines = await linesOf(`log.info({ n: 0, text: 'kept' })\n${end}`)
    expect(lines[0]).toMatchObject({ n: 0, text: 'kept' })
    expect(lines).toHaveLength(end.includes('fatal') ? 2 : 1)
  },
)

test('a reader that stands still holds nothing up: 16 MB wait for it, and what is lost beyond is counted', async () => {
  const text = 'x'.repeat(1000)
  const total = 40_000
  const script = `
    import { createLogger } from ${JSON.stringify(LOG)}
    const log = createLogger('info')
    let n = 0
    const some = () => {
      for (const end = n + 100; n < end; n += 1) log.info({ n, text: '${text}' })
      if (n < ${total}) setImmediate(some)
      else process.stderr.write('all logged')
    }
    some()`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  // Nothing is read before all has been logged.
  await once(child.stderr, 'data')
  const [first = '', ...lines] = (await readText(child.stdout)).trimEnd().split('\n')
  const last = z
    .object({ level: z.literal('warn'), event: z.literal('log.lines_lost'), lines: z.int() })
    .parse(JSON.parse(lines.pop() ?? ''))
  expect(line.parse(JSON.parse(first)).n).toBe(0)
  expect(lines.length * first.length).toBeGreaterThan(15 * 1024 * 1024)
  expect(lines.length * first.length).toBeLessThan(17 * 1024 * 1024)
  expect(last.lines).toBe(total - lines.length - 1)
})
