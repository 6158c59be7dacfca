import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from '@jest/globals'
import { fixture, tempFile, runCli } from '../support/command-line.ts'
import { KEYS, startTestGateway } from '../support/gateway.ts'
import { resolverFile } from '../support/resolvers.ts'

describe('trigger', () => {
  test.each(['v1-menu', 'v1-button', 'v1-location', 'v2-menu', 'v2-button'])('%s gets a landing', async (sample) => {
    const { url } = await startTestGateway()
    const { code, out } = await runCli('trigger', sample, '--url', url, '--key', KEYS.identification)
    expect([code, out]).toEqual([0, expect.stringContaining('200 https://app.example.com/start?post_token=AZf3Uqr3')])
  })

  test.each(['click-v1-menu.json', 'click-v1-seed.json', 'click-v2-button.json', 'click-v2-menu.json'])(
    'the wire of a file is recognized from its content: %s',
    async (name) => {
      const { url } = await startTestGateway()
      expect((await runCli('trigger', fixture(name), '--url', url, '--key', KEYS.identification)).code).toBe(0)
    },
  )

  test('--set and --unset change the body before it is sent', async () => {
    const { url } = await startTestGateway()
    const set = ['--set', 'extra_data.provider_data.order_id=B-7', '--unset', 'extra_data.location']
    const { out } = await runCli('trigger', 'v1-location', ...set, '--url', url, '--key', KEYS.identification, '--json')
    expect(JSON.parse(out)).toMatchObject({ status: 200, landing: expect.stringContaining('data.order_id=B-7') })
  })

  test('__proto__ is treated as ordinary data', async () => {
    const { url } = await startTestGateway()
    const given = ['--set', '__proto__.polluted=1', '--url', url, '--key', KEYS.identification]
    expect((await runCli('trigger', 'v1-menu', ...given)).code).toBe(0)
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
  })

  test('a refusal is printed, with exit code 1', async () => {
    const { url } = await startTestGateway()
    const { code, out } = await runCli('trigger', 'v1-menu', '--url', url, '--key', 'wrong')
    expect([code, out]).toEqual([1, expect.stringMatching(/^401 /)])
  })

  test('an address where nothing listens gives exit code 3', async () => {
    const { code, err } = await runCli('trigger', 'v1-menu', '--url', 'http://127.0.0.1:9', '--key', 'x')
    expect([code, err]).toEqual([3, expect.stringContaining('http://127.0.0.1:9 did not answer')])
  })

  test.each([
    [['trigger', 'no-such-file', '--key', 'x'], 'cannot be read'],
    [['trigger', 'v1-menu', '--key', 'x', '--set', 'nothing'], 'expected path=value'],
    [['trigger', 'v1-menu', '--key', 'x', '--wire', 'v3'], 'v3'],
    [['trigger', 'v1-menu', '--key', 'x', '--url', 'nonsense'], 'expected an http(s) address'],
    [['trigger', 'v1-menu'], '--key'],
    [['no-such-command'], 'no-such-command'],
  ])('%j cannot run: exit code 2', async (args, told) => {
    const { code, err } = await runCli(...args)
    expect([code, err]).toEqual([2, expect.stringContaining(told)])
  })
})

describe('try', () => {
  const resolver = `export default (click, { log }) => {
    log.info({ event: 'asked' })
    if (click.data.order_id === 'boom') throw new Error('no such order')
    if (click.data.order_id === 'slow') return new Promise(() => {})
    return { url: 'https://app.example.com/' + click.wire + '/' + click.data.order_id }
  }`

  test('prints the landing of a click and what the resolver logged', async () => {
    const { code, out, err } = await runCli('try', await resolverFile(resolver), '--click', 'v2-button')
    expect([code, out]).toEqual([0, expect.stringContaining('lands on https://app.example.com/v2/A-1029')])
    expect(err).toContain('"event":"asked"')
  })

  test.each([
    ['extra_data.order_id=boom', [], 'no such order'],
    ['extra_data.order_id=slow', ['--timeout', '50'], 'missed its deadline of 50 ms'],
    ['extra_data.order_id=1', ['--allow-origin', 'https://other.example'], 'is not on LANDING_ALLOWED_ORIGINS'],
  ])('with %s %j there is no landing, and the reason is printed', async (set, more, told) => {
    const { code, out } = await runCli(
      'try',
      await resolverFile(resolver),
      '--click',
      'v2-button',
      '--set',
      set,
      ...more,
    )
    expect([code, out]).toEqual([1, expect.stringContaining(told)])
  })

  test('a file that is not a resolver module gives exit code 2', async () => {
    const file = await tempFile('resolver.mjs', 'export default 7')
    expect((await runCli('try', file, '--click', 'v1-menu')).code).toBe(2)
  })
})

describe('the program', () => {
  const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
  const spawnCli = (...args: string[]) => spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' })

  test('has help for itself and for each command, without colours when the output is not a terminal', () => {
    const { status, stdout } = spawnCli('--help')
    expect(status).toBe(0)
    expect(stdout).toContain('Exit codes: 0')
    for (const name of ['trigger', 'send', 'validate', 'try', 'record', 'replay', 'doctor', 'simulator']) {
      expect(stdout).toContain(`  ${name} `)
    }
    expect(stdout).not.toContain('\u001b')
  })

  test('says in one sentence that a version of Node is not supported, before it loads anything else', () => {
    const old = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '22.18.0' } })`
    const { status, stderr } = spawnSync(
      process.execPath,
      ['--import', `data:text/javascript,${old}`, main, '--help'],
      {
        encoding: 'utf8',
      },
    )
    expect([status, stderr]).toEqual([2, 'Node 22.18.0 is too old: this program needs Node 22.19 or later.\n'])
  })

  test('reads a key from the environment and never prints it', () => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [main, 'trigger', 'v1-menu', '--url', 'http://127.0.0.1:9'],
      {
        encoding: 'utf8',
        env: { ...process.env, DIVAR_IDENTIFICATION_KEY: 'canary-of-the-key' },
      },
    )
    expect(status).toBe(3)
    expect(stdout + stderr + spawnCli('trigger', '--help').stdout).not.toContain('canary')
  })
})
