import { describe, expect, test } from '@jest/globals'
import { startTestGateway } from '../support/gateway.ts'
import { click, CLICK, replyOf } from '../support/requests.ts'
import { resolverFile } from '../support/resolvers.ts'

const start = (RESOLVER_MODULE: string) => startTestGateway({ RESOLVER: 'module', RESOLVER_MODULE })

describe('RESOLVER=module takes a file', () => {
  test.each([
    ['an ES module', 'r.mjs', "export default () => ({ url: 'https://app.example.com/ok' })"],
    ['an async ES module', 'r.mjs', "export default async () => ({ url: 'https://app.example.com/ok' })"],
    ['a CommonJS module', 'r.cjs', "module.exports = () => ({ url: 'https://app.example.com/ok' })"],
    [
      'a compiled CommonJS module',
      'r.cjs',
      "Object.defineProperty(exports, '__esModule', { value: true }); exports.default = () => ({ url: 'https://app.example.com/ok' })",
    ],
  ])('%s', async (_, name, code) => {
    const gateway = await start(await resolverFile(code, name))
    expect(replyOf(await click(gateway, CLICK)).url).toBe('https://app.example.com/ok')
  })

  test('gets the whole Click, a signal and a log, and may set the message', async () => {
    const gateway = await start(
      await resolverFile(`export default (click, { signal, log }) => {
        log.info({ event: 'resolver.saw', keys: Object.keys(click), aborted: signal.aborted })
        return { url: 'https://app.example.com/ok', message: 'welcome' }
      }`),
    )
    expect(replyOf(await click(gateway, { ...CLICK, more: 1 })).message).toBe('welcome')
    expect(await gateway.logged('resolver.saw')).toMatchObject({
      keys: ['id', 'wire', 'postToken', 'userId', 'peerId', 'data', 'returnUrl', 'extra'],
      aborted: false,
    })
  })
})

describe('the start stops and names the file, when it', () => {
  test.each([
    ['has no default export', 'r.mjs', 'export const resolve = 1', 'expected the default export to be a function'],
    ['exports something else', 'r.mjs', 'export default { url: 1 }', 'expected the default export to be a function'],
    ['does not parse', 'r.mjs', 'export default (', 'cannot be loaded'],
    ['imports a missing module', 'r.mjs', "import 'not-there'", 'cannot be loaded'],
    ['throws while loading', 'r.cjs', "throw new Error('no')", 'cannot be loaded'],
  ])('%s', async (_, name, code, reason) => {
    const file = await resolverFile(code, name)
    await expect(start(file)).rejects.toThrow(expect.objectContaining({ message: expect.stringContaining(reason) }))
    await expect(start(file)).rejects.toThrow(file)
  })

  test('throws a secret while loading, which is not printed', async () => {
    const secrets = [`throw new Error('CANARY')`, `JSON.parse('CANARY')`, `Buffer.alloc(4, 'x', 'CANARY')`]
    for (const code of secrets) {
      const refusal = start(await resolverFile(code)).catch(String)
      expect(await refusal).toMatch(/resolver\.mjs: cannot be loaded/)
      expect(await refusal).not.toContain('CANARY')
    }
  })

  test('does not exist', async () => {
    await expect(start('/nowhere/r.mjs')).rejects.toThrow('RESOLVER_MODULE: there is no file /nowhere/r.mjs')
  })
})
