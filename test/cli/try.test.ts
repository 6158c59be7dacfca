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
