import { spawn } from 'node:child_process'
import dns from 'node:dns'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, jest, test } from '@jest/globals'
import { askRaw } from '../../src/cli/ask-raw.ts'
import { call, readStream } from '../../src/cli/call.ts'
import { isFramable } from '../../src/simulator/framable.ts'
import { callSession } from '../../src/simulator/session-call.ts'
import { originOf } from '../support/listen.ts'
import { startSleepingServer } from '../support/sleeping-server.ts'

const HEALTH_CHECK = fileURLToPath(new URL('../../scripts/image/healthcheck.js', import.meta.url))
/** Longer than Node waits for an address by itself. */
const HANDSHAKE_MS = 600
/** Nothing listens at the second one. */
const ADDRESSES = [
  { address: '127.0.0.1', family: 4 },
  { address: '127.0.0.2', family: 4 },
]

afterEach(() => void jest.restoreAllMocks())

function isCallback(value: unknown): value is (error: null, addresses: typeof ADDRESSES) => void {
  return typeof value === 'function'
}

const clients: [string, (url: URL) => Promise<unknown>][] = [
  ['a call of the command line', async (url) => (await call(url, { method: 'GET' })).body],
  ['the event stream that record follows', async (url) => text(readStream(url, new AbortController().signal))],
  ['the raw request of doctor', (url) => askRaw(url, 'GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')],
  ["the simulator's click", async ({ href }) => (await callSession(href, 'key', 'v1', {})).response?.body],
  ["the simulator's look at a landing", ({ href }) => isFramable(href, 'http://127.0.0.1:1')],
]

test.each(clients)('%s waits for a slow handshake with one address if the other address refuses', async (_, ask) => {
  const { port, wake } = await startSleepingServer('127.0.0.1')
  jest.spyOn(dns, 'lookup').mockImplementation((...parameters: unknown[]) => {
    const callback = parameters.at(-1)
    if (isCallback(callback)) callback(null, ADDRESSES)
  })
  const answer = ask(new URL(`http://localhost:${port}/`))
  await Promise.all([expect(answer).resolves.toMatch(/late|HTTP\/1\.1 200|yes/), setTimeout(HANDSHAKE_MS).then(wake)])
})

test.each(clients.filter(([name]) => !name.includes('raw')))('%s asks for an uncompressed answer', async (_, ask) => {
  const asked: unknown[] = []
  const server = createServer((request, response) => {
    asked.push(request.headers['accept-encoding'])
    response.end('{}')
  })
  await ask(new URL(await originOf(server)))
  expect(asked).toEqual(['identity'])
})

/** Loaded before the health check: its own process needs the two addresses as well. */
const TWO_ADDRESSES = `import dns from 'node:dns'
dns.lookup = (name, options, callback) => {
  process.stdout.write('asked')
  callback(null, ${JSON.stringify(ADDRESSES)})
}`

test('the health check waits for a slow handshake with one address if the other address refuses', async () => {
  const { port, wake } = await startSleepingServer('127.0.0.1')
  const loaded = `data:text/javascript,${encodeURIComponent(TWO_ADDRESSES)}`
  const env = { HOST: 'localhost', PORT: String(port) }
  const child = spawn(process.execPath, ['--import', loaded, HEALTH_CHECK], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  await once(child.stdout, 'data')
  await setTimeout(HANDSHAKE_MS)
  wake()
  expect(await exited).toEqual([0, null])
})
