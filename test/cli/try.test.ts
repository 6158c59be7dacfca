import { describe, expect, test } from '@jest/globals'
import { runCli } from '../support/command-line.ts'
import { resolverFile } from '../support/resolvers.ts'

const landing = `{ url: 'https://app.example.com/' }`
const tryOut = async (code: string, ...more: string[]) =>
  runCli('try', await resolverFile(code), '--click', 'v1-button', ...more)

describe('a resolver under test', () => {
  test('ends after its answer, even if timers are still running', async () => {
    const { code, out } = await tryOut(`setInterval(() => {}, 1000); export default () => (${landing})`)
    expect([code, out]).toEqual([0, expect.stringContaining('lands on https://app.example.com/')])
  })

  test.each(['0', '7'])('that ends its process with exit code %s is a failure', async (exit) => {
    const { code, out } = await tryOut(`export default () => { process.exit(${exit}) }`)
    expect([code, out]).toEqual([
      1,
      `no landing: the resolver ended its process (exit code ${exit}) before it answered`,
    ])
  })

  test('that blocks its process is ended', async () => {
    const { code, out } = await tryOut(`export default () => { for (;;); }`, '--timeout', '1')
    expect([code, out]).toEqual([1, 'no landing: the resolver blocked its process past the deadline'])
  })

  test('may print, and --json still gives one document', async () => {
    const { code, out, err } = await tryOut(`console.log('hello'); export default () => (${landing})`, '--json')
    expect([code, JSON.parse(out)]).toMatchObject([0, { landing: { url: 'https://app.example.com/' } }])
    expect(err).toContain('hello')
  })
})

describe('for anything a module does to its process, the command ends with one sentence and a stable exit code', () => {
  const never = 'new Promise(() => {})'
  const cut = /^no landing: an error was thrown outside of the call of the resolver/

  test.each([
    [
      'disconnects while it loads',
      `process.disconnect(); export default () => (${landing})`,
      2,
      /cannot be loaded: TypeError at/,
    ],
    ['disconnects', `export default () => { process.disconnect(); return ${landing} }`, 1, /^no landing: .*threw/],
    [
      'kills itself',
      `export default () => { process.kill(process.pid, 'SIGKILL'); return ${never} }`,
      1,
      /\(SIGKILL\)/,
    ],
    ['exits in a timer', `export default () => { setTimeout(() => process.exit(0)); return ${never} }`, 1, /code 0\)/],
    ['exits while it loads', `process.exit(0)`, 1, /code 0\) before it answered$/],
    ['throws in a timer', `export default () => { setTimeout(() => { throw 1 }); return ${never} }`, 1, cut],
    ['leaves a rejection', `export default () => { Promise.reject(1); return ${never} }`, 1, cut],
    ['closes the channel', `import { closeSync } from 'node:fs'; closeSync(3); export default () => 0`, 1, /code 1\)/],
  ])('a module that %s', async (_, code, exitCode, sentence) => {
    const { code: ended, out, err } = await tryOut(code)
    expect(ended).toBe(exitCode)
    expect(exitCode === 2 ? err : out).toMatch(sentence)
    expect(err).not.toContain('    at ')
  })

  test.each([
    ['throws after it', `setImmediate(() => { throw new Error('late') })`],
    ['exits after it', `setImmediate(() => process.exit(7))`],
    ['closes standard output', `process.stdout.destroy(); process.stderr.destroy()`],
    ['sends messages that look like a result', `process.send?.({ kind: 'not_loaded', reason: 'forged' })`],
    ['prints a line that looks like a result', `console.log('{"kind":"not_loaded","reason":"forged"}')`],
  ])('an answer is the result of a module that %s', async (_, before) => {
    const { code, out, err } = await tryOut(`export default () => { ${before}; return ${landing} }`)
    expect([code, out]).toEqual([0, expect.stringContaining('lands on https://app.example.com/')])
    expect(err).not.toContain('    at ')
  })

  test('a process that it leaves running does not keep the command', async () => {
    const leave = `spawn(process.execPath, ['-e', 'setTimeout(() => {}, 20_000)'], { stdio: 'inherit' })`
    const { code } = await tryOut(
      `import { spawn } from 'node:child_process'; export default () => { ${leave}; return ${landing} }`,
    )
    expect(code).toBe(0)
  })

  test('a line of output without an end is passed on in parts', async () => {
    const print = `for (let n = 0; n < 3; n++) writeSync(1, 'x'.repeat(1e6))`
    const { code, err } = await tryOut(
      `import { writeSync } from 'node:fs'; ${print}; export default () => (${landing})`,
    )
    const parts = err.split('\n')
    expect([code, parts.join('').length, parts.length > 1]).toEqual([0, 3e6, true])
  })
})

describe('a landing that the gateway would refuse is refused', () => {
  const asks = (scopes: string) => `export default () => ({ url: 'https://app.example.com/', scopes: ${scopes} })`

  test('scopes without PUBLIC_URL', async () => {
    const { code, out } = await tryOut(asks(`['chat']`))
    expect([code, out]).toEqual([1, expect.stringContaining('PUBLIC_URL')])
    expect((await tryOut(asks(`['chat']`), '--public-url', 'https://kenar.example.com')).code).toBe(0)
  })

  test.each([`['chats']`, `['phone']`])('scopes that cannot be requested: %s', async (scopes) => {
    const { code, out } = await tryOut(asks(scopes), '--public-url', 'https://kenar.example.com')
    expect([code, out]).toEqual([1, expect.stringContaining("the Landing's scopes: ")])
  })

  test.each([
    ['7', 'warning: message is not a text, or empty'],
    [`'x'.repeat(201)`, 'warning: message is longer than 200 characters'],
  ])('an invalid message (%s) does not fail the landing and gives a warning', async (message, warning) => {
    const { code, out } = await tryOut(
      `export default () => ({ url: 'https://app.example.com/', message: ${message} })`,
    )
    expect([code, out]).toEqual([0, expect.stringContaining(warning)])
  })

  test('a misspelled member is reported with the nearest known name', async () => {
    const { code, out } = await tryOut(`export default () => ({ url: 'https://app.example.com/', onDenid: 'x' })`)
    expect([code, out]).toEqual([0, expect.stringContaining('/onDenid: not read; did you mean onDenied?')])
  })
})
