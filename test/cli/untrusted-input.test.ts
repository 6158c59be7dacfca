import { execFile, spawnSync } from 'node:child_process'
import { createServer } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from '@jest/globals'
import { runCommandLine } from '../../src/cli/program.ts'
import { Target } from '../../src/cli/target.ts'
import { fixture, ownFile, ownFolder, runCli } from '../support/command-line.ts'
import { KEYS } from '../support/gateway.ts'
import { originOf } from '../support/listen.ts'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const keys = ['--key', KEYS.identification, '--internal-key', KEYS.caller, '--token', KEYS.token]

describe('a session file cannot send keys to another host', () => {
  test.each([
    (trap: string) => `//${new URL(trap).host}/steal`,
    (trap: string) => `/\\${new URL(trap).host}/steal`,
    (trap: string) => `${trap}/steal`,
    (trap: string) => `/v2/open-platform/conversations/../../../..//${new URL(trap).host}/messages`,
    () => '/metrics',
  ])('path %#', async (pathTo) => {
    const arrived: string[] = []
    const listen = () =>
      originOf(
        createServer((request, response) => {
          arrived.push(String(request.url))
          response.end('{}')
        }),
      )
    const [trap, gateway] = [await listen(), await listen()]
    const folder = await ownFolder()
    const saved = { kind: 'delivery', path: pathTo(trap), body: { message: 'x' }, expected: { status: 200 } }
    await writeFile(join(folder, '001-delivery.json'), JSON.stringify(saved))
    const { code } = await runCli('replay', folder, '--url', gateway, ...keys)
    expect([code, arrived]).toEqual([2, []])
  })

  test('for any path, the target stays on its origin', () => {
    const target = new Target('http://127.0.0.1:3000')
    expect(target.at('/messages').href).toBe('http://127.0.0.1:3000/messages')
    for (const path of [
      '//evil.example/',
      '/\\evil.example',
      'http://evil.example/',
      '\\\\evil.example',
      '',
      'x',
      '/\t/evil.example',
    ]) {
      expect(() => target.at(path)).toThrow('expected a path of http://127.0.0.1:3000')
    }
  })
})

describe('printed text cannot control a terminal', () => {
  const hostile = '\u001b]0;owned\u0007\u202eevil\u009b31m\nok fake.json'

  test.each([true, false])('with colours %s: a gateway’s words, file names and misspelled members', async (colours) => {
    const url = await originOf(
      createServer((_, response) => response.writeHead(422).end(JSON.stringify({ code: 'rejected', detail: hostile }))),
    )
    const printed: string[] = []
    const collect = (text: string) => {
      printed.push(text)
    }
    const io = { out: collect, err: collect, colours }
    const given = ['--url', url, '--key', KEYS.caller, '--token', KEYS.token]
    await runCommandLine(['send', fixture('message-v1-link.json'), ...given], io)
    await runCommandLine(['validate', `no-such-${hostile}`], io)
    await runCommandLine(['validate', await ownFile('x.json', { message: 'x', [hostile]: 1 })], io)
    await runCommandLine(['trigger', hostile, '--key', 'x', '--json'], io)
    // eslint-disable-next-line no-control-regex
    const text = printed.join('\n').replaceAll(/\u001b\[\d+m/g, '')
    // eslint-disable-next-line no-control-regex
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/)
    expect(printed.filter((line) => line.startsWith('ok fake.json'))).toEqual([])
    expect(text).toContain('\\u001b]0;owned\\u0007\\u202eevil')
  })
})

describe('when standard output fails', () => {
  const shell = promisify(execFile)

  test('a reader that stops early is not an error', async () => {
    const script = `"${process.execPath}" "${main}" --help | head -n1`
    const { stdout, stderr } = await shell('bash', ['-o', 'pipefail', '-c', script])
    expect([stdout, stderr]).toEqual([expect.stringMatching(/^Usage: /), ''])
  })

  test('a full disk gives exit code 2 and one sentence', () => {
    const script = `"${process.execPath}" "${main}" --help > /dev/full`
    const { status, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' })
    expect([status, stderr]).toEqual([2, 'the output could not be written: ENOSPC\n'])
  })
})

describe('an address that does not answer is explained', () => {
  test('nothing listens there', async () => {
    const { err } = await runCli('doctor', '--url', 'http://127.0.0.1:9')
    expect(err).toBe('http://127.0.0.1:9 did not answer: nothing listens there (ECONNREFUSED)')
  })

  test('a server there does not speak HTTP', async () => {
    const server = createTcpServer((socket) => socket.end('+OK POP3 ready\r\n'))
    const url = await originOf(server)
    const { code, err } = await runCli('doctor', '--url', url)
    expect([code, err]).toEqual([3, expect.stringContaining('it does not speak HTTP')])
  })
})
