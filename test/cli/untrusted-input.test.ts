import { execFile, spawnSync } from 'node:child_process'
import { createServer } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import { symlinkSync } from 'node:fs'
import { symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from '@jest/globals'
import { askRaw } from '../../src/cli/ask-raw.ts'
import { runCommandLine } from '../../src/cli/program.ts'
import { Target } from '../../src/cli/target.ts'
import { fixture, tempFile, tempFolder, runCli } from '../support/command-line.ts'
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
    const folder = await tempFolder()
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

describe('files and answers of any size are refused by name and bound, not read to the end', () => {
  test('a session file that never ends', async () => {
    const folder = await tempFolder()
    await symlink('/dev/zero', join(folder, '001-click.json'))
    const { code, err } = await runCli('replay', folder, '--key', 'x')
    expect([code, err]).toEqual([2, `${join(folder, '001-click.json')}: expected at most 1048576 bytes`])
  })

  test('session files that are too large together', async () => {
    const folder = await tempFolder()
    const click = { kind: 'click', wire: 'v2', body: { source: 'x'.repeat(1_000_000) }, expected: { status: 200 } }
    const one = join(folder, '001-click.json')
    await writeFile(one, JSON.stringify(click))
    for (let count = 2; count < 70; count++) await symlink(one, join(folder, `${count}-click.json`))
    const { code, err } = await runCli('replay', folder, '--key', 'x')
    expect([code, err]).toEqual([2, `${folder}: expected files of at most 67108864 bytes together`])
  })

  test('more session files than 10000', async () => {
    const folder = await tempFolder()
    for (let count = 1; count <= 10_001; count++) symlinkSync('/dev/zero', join(folder, `${count}-click.json`))
    const { code, err } = await runCli('replay', folder, '--key', 'x')
    expect([code, err]).toEqual([2, `${folder}: expected at most 10000 files of a session`])
  })

  test.each([
    ['validate', '/dev/zero'],
    ['send', '/dev/zero', '--key', 'x'],
    ['trigger', '/dev/zero', '--key', 'x'],
    ['try', 'resolver.mjs', '--click', '/dev/zero'],
  ])('a file of `%s`', async (...args) => {
    const { code, out, err } = await runCli(...args)
    expect([code > 0, out + err]).toEqual([
      true,
      expect.stringMatching(/^\/dev\/zero: [^]*expected at most 102400 bytes$/),
    ])
  })

  /** Writes without end, as fast as it is read. */
  const pour = (to: Writable, text: string) => {
    const more = () => {
      while (!to.destroyed && to.write(text.repeat(65_536)));
    }
    to.on('drain', more).on('error', () => undefined)
    more()
  }

  test('a gateway’s answer', async () => {
    const url = await originOf(
      createServer((_, response) => {
        pour(response, ' ')
      }),
    )
    const { code, err } = await runCli('trigger', 'v1-menu', '--key', 'x', '--url', url)
    expect([code, err]).toEqual([3, `${url}: the answer is longer than 1048576 bytes`])
  })

  test('a simulator’s event', async () => {
    const url = await originOf(
      createServer((request, response) => {
        if (request.url === '/simulator/state') response.end('{"timeline":[]}')
        else pour(response.writeHead(200, { 'content-type': 'text/event-stream' }), 'x')
      }),
    )
    const { code, err } = await runCli('record', await tempFolder(), '--follow', '--simulator', url)
    expect([code, err]).toEqual([3, `${url}: an event is longer than 16777216 bytes`])
  })

  test('a first line that never ends, to a request written by hand', async () => {
    const server = createTcpServer((socket) => {
      pour(socket, 'x')
    })
    const answer = await askRaw(new URL(await originOf(server)), 'GET / HTTP/1.1\r\n\r\n')
    expect(answer.length).toBeLessThan(1_000_000)
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
    await runCommandLine(['validate', await tempFile('x.json', { message: 'x', [hostile]: 1 })], io)
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
