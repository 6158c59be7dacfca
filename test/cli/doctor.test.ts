import { createServer, type RequestListener } from 'node:http'
import { describe, expect, test } from '@jest/globals'
import { runCli, tempFile } from '../support/command-line.ts'
import { KEYS, startTestGateway } from '../support/gateway.ts'
import { originOf } from '../support/listen.ts'

const patient = (listener: RequestListener) => originOf(createServer(listener))
const INTERNAL = ['--internal-key', KEYS.caller]
const landing = JSON.stringify({ status: '200', message: 'success', url: 'https://a.example/' })

test('a command without its key points to --help, which names the variable that sets it', async () => {
  const { code, err } = await runCli('trigger', 'event')
  expect([code, err]).toEqual([2, expect.stringContaining('Add --help for the options, and for the variables')])
  expect((await runCli('trigger', '--help')).out).toContain('DIVAR_IDENTIFICATION_KEY')
})

describe('doctor', () => {
  test('finds no problem with the gateway', async () => {
    const { url } = await startTestGateway()
    const { code, out } = await runCli('doctor', '--url', url, '--key', KEYS.identification, ...INTERNAL)
    expect(out.split('\n').filter((line) => !line.startsWith('ok'))).toEqual([
      expect.stringMatching(/^\d\d ok, 0 failed, 0 skipped$/),
    ])
    expect(code).toBe(0)
    expect(out).not.toContain(KEYS.identification)
  })

  test('reads the key from the file that the gateway reads it from', async () => {
    const { url } = await startTestGateway()
    const run = async (file: string) => {
      process.env['DIVAR_IDENTIFICATION_KEY_FILE'] = file
      try {
        return await runCli('doctor', '--url', url, ...INTERNAL)
      } finally {
        delete process.env['DIVAR_IDENTIFICATION_KEY_FILE']
      }
    }
    const { code, out } = await run(await tempFile('key', `${KEYS.identification}\n`))
    expect([code, out]).toEqual([0, expect.stringMatching(/ 0 failed, 0 skipped$/)])
    const { code: failed, err } = await run(await tempFile('key', ''))
    expect([failed, err]).toEqual([2, 'DIVAR_IDENTIFICATION_KEY_FILE: its file is empty'])
  })

  test('can be run again within a minute: checks that the rate limit of wrong keys hides are skipped, not failed', async () => {
    const { url } = await startTestGateway({ WRONG_KEYS_PER_MINUTE: '12' })
    const given = ['doctor', '--url', url, '--key', KEYS.identification]
    await runCli(...given)
    const { code, out } = await runCli(...given)
    expect([code, out]).toEqual([0, expect.stringMatching(/ 0 failed, [1-9]\d* skipped$/)])
  })

  test('finds no problem with a gateway whose internal routes are on another port', async () => {
    const { url } = await startTestGateway({ INTERNAL_PORT: '0' })
    expect((await runCli('doctor', '--url', url, '--key', KEYS.identification)).code).toBe(0)
  })

  test('says where the reason is when a click gets no landing', async () => {
    const { url } = await startTestGateway({
      RESOLVER: 'forward',
      RESOLVER_URL: 'http://127.0.0.1:9/landing',
      RESOLVER_SECRET: 'resolver-secret',
    })
    const { code, out } = await runCli('doctor', '--url', url, '--key', KEYS.identification)
    expect([code, out]).toEqual([1, expect.stringContaining("answered 500; the gateway's log says why: click.refused")])
  })

  test('lists the checks that it cannot run without the key', async () => {
    const { url } = await startTestGateway()
    const { code, out } = await runCli('doctor', '--url', url)
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(/skipped a click with the key with one more character is refused: it needs --key/),
    ])
  })

  test('reports a server that accepts any key', async () => {
    const url = await patient((_, response) => response.end(landing))
    const { code, out } = await runCli('doctor', '--url', url, '--key', 'the-key')
    expect(code).toBe(1)
    expect(out).toContain('FAILED  a click with a wrong key is refused: answered 200, expected 401')
    expect(out).toContain('FAILED  a body that is empty is refused')
  })

  test('reports a server that compares only the beginning of a key', async () => {
    const url = await patient((request, response) => {
      const isRight = String(request.headers.authorization).startsWith('the-key')
      response
        .writeHead(isRight ? 200 : 401)
        .end(isRight ? landing : JSON.stringify({ status: '401', message: 'no', url: '' }))
    })
    const { out } = await runCli('doctor', '--url', url, '--key', 'the-key', '--json')
    expect(JSON.parse(out)).toContainEqual({
      name: 'a click with the key with one more character is refused',
      verdict: 'failed',
      detail: 'answered 200, expected 401',
    })
  })

  test.each([
    ['repeats the key', JSON.stringify({ status: '401', message: 'surely-not-the-key', url: '' }), 'repeats the key'],
    ['shows a stack', JSON.stringify({ status: '401', message: 'x at f (/app/x.js:1:2)', url: '' }), 'shows a stack'],
    ['lacks a member of the answer', JSON.stringify({ status: '401', message: 'x' }), 'lacks one of the three keys'],
    [
      'has another status in its body',
      JSON.stringify({ status: '400', message: 'x', url: '' }),
      'status in the answer is 400',
    ],
  ])('reports a refusal that %s', async (_, body, told) => {
    const url = await patient((__, response) => response.writeHead(401).end(body))
    const { code, out } = await runCli('doctor', '--url', url)
    expect([code, out]).toEqual([1, expect.stringContaining(told)])
  })

  test('an address where nothing listens gives exit code 3', async () => {
    expect((await runCli('doctor', '--url', 'http://127.0.0.1:9')).code).toBe(3)
  })
})
