import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { pino } from 'pino'
import { createLogger, LOG_LEVELS, type Logger } from '../../src/base/log.ts'

/** The last line that was written, without its time. */
function spy() {
  let line = ''
  const stream = {
    write: (text: string) => {
      line = text
    },
  }
  return { stream, read: () => line.replace(/"time":"[^"]*"/, '"time":""') }
}

const ours = spy()
const plain = spy()
const log = createLogger('debug', ours.stream)
const peer: Logger = pino(
  {
    level: 'debug',
    base: null,
    formatters: { level: (label) => ({ level: label }) },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
  },
  plain.stream,
)

function write(level: 'info' | 'error', ...parameters: [object, string?]): { ours: string; plain: string } {
  for (const logger of [log, peer]) logger[level](...parameters)
  return { ours: ours.read(), plain: plain.read() }
}

const members = fc.dictionary(
  fc.string({ unit: 'grapheme' }),
  fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 200 }),
    fc.double(),
    fc.boolean(),
    fc.constantFrom(undefined, null, () => 1, Symbol('s'), new Date(0), 10n),
    fc.jsonValue(),
  ),
  { noNullPrototype: true },
)

test('a line is the line that pino writes, whatever its members are', () => {
  fc.assert(
    fc.property(members, fc.constantFrom('info' as const, 'error' as const), (object, level) => {
      const written = write(level, object)
      expect(written.ours).toBe(written.plain)
    }),
  )
})

const circular: Record<string, unknown> = { event: 'x' }
circular['self'] = circular

test.each<[string, [object, string?]]>([
  ['an error', [new Error('broken')]],
  ['an error among members', [{ event: 'x', err: new Error('broken') }]],
  ['a message', [{ event: 'x' }, 'said']],
  ['a circle', [circular]],
  ['an object with a way of its own to become JSON', [{ event: 'x', toJSON: () => 'y' }]],
  ['an object of a class', [new URL('https://app.example.com/')]],
  ['nothing', [{}]],
])('%s is written as pino writes it', (_, parameters) => {
  const written = write('info', ...parameters)
  expect(written.ours).toBe(written.plain)
  expect(written.ours).toMatch(/^\{"level":"info",.*\}\n$/)
})

test('a child writes its bindings', () => {
  for (const logger of [log, peer]) logger.child({ click_id: 'clk_1' }).info({ event: 'x' })
  expect(ours.read()).toBe(plain.read())
  expect(JSON.parse(ours.read())).toMatchObject({ click_id: 'clk_1', event: 'x' })
})

test('every level is told by its name', () => {
  for (const level of LOG_LEVELS) {
    if (level === 'silent') continue
    log[level]({ event: 'x' })
    expect(JSON.parse(ours.read())).toMatchObject({ level })
  }
})
