import { request } from 'node:http'
import { networkInterfaces } from 'node:os'
import { afterAll, expect, test } from '@jest/globals'
import { startSimulator, type SimulatorOptions } from '../../src/simulator/simulator.ts'

const running: (() => Promise<void>)[] = []
afterAll(() => Promise.all(running.map((close) => close())))

async function start(options: Partial<SimulatorOptions> = {}) {
  const simulator = await startSimulator({ apiKey: 'x', ...options })
  running.push(simulator.close)
  return simulator
}

/** The status of a request with this Host header. */
function statusFor(port: number, host: string, headers: Record<string, string> = {}, path = '/simulator/reset') {
  return new Promise<number | undefined>((resolve, reject) => {
    request({ port, host: '127.0.0.1', method: 'POST', path, headers: { ...headers, host } }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
      .once('error', reject)
      .end()
  })
}

test('a container reaches the simulator by an allowed host name, with any port and in any case', async () => {
  const { port } = await start({ host: '0.0.0.0', allowedHosts: ['host.docker.internal'] })
  expect(await statusFor(port, 'host.docker.internal:4000')).toBe(200)
  expect(await statusFor(port, 'HOST.docker.internal')).toBe(200)
})

test.each(['evil.example', 'host.docker.internal.evil.example', 'xhost.docker.internal', '127.0.0.1.evil.example'])(
  'a host name that is not allowed is refused: %j',
  async (name) => {
    const { port } = await start({ host: '0.0.0.0', allowedHosts: ['host.docker.internal'] })
    expect(await statusFor(port, name)).toBe(403)
  },
)

test('without allowed hosts, only names of this machine reach the simulator', async () => {
  const { port } = await start()
  expect(await statusFor(port, 'host.docker.internal')).toBe(403)
  expect(await statusFor(port, `localhost:${port}`)).toBe(200)
})

test('a page at an allowed host may use the simulator, a page of another origin may not', async () => {
  const { port } = await start({ allowedHosts: ['my-box'] })
  expect(await statusFor(port, `my-box:${port}`, { origin: `http://my-box:${port}` })).toBe(200)
  expect(await statusFor(port, `my-box:${port}`, { origin: 'http://evil.example' })).toBe(403)
})

test('the address of a simulator that listens on every address is one that this machine can open', async () => {
  const { url, port } = await start({ host: '0.0.0.0' })
  expect(url).toBe(`http://127.0.0.1:${port}`)
  expect((await fetch(url)).status).toBe(200)
})

const GATEWAY = { url: 'http://127.0.0.1:3001', internalKey: 'CANARY-key' }

/** The answer to a request with this Host header, from this address of the machine. */
function answerFor(
  port: number,
  { host, from = '127.0.0.1' }: { host: string; from?: string },
  path: string,
  body?: string,
) {
  return new Promise<string>((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST'
    request({ port, host: from, localAddress: from, method, path, headers: { host } }, (response) => {
      response.setEncoding('utf8')
      let text = ''
      response
        .on('data', (chunk: string) => (text += chunk))
        .once('end', () => {
          resolve(text)
        })
    })
      .once('error', reject)
      .end(body)
  })
}

/** Of this machine, and not loopback; undefined without a network. */
const LAN = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address

test("commands have the caller's key for this machine alone; others read where it goes", async () => {
  const { port } = await start({
    host: '0.0.0.0',
    allowedHosts: ['my-box', ...(LAN === undefined ? [] : [LAN])],
    gateway: GATEWAY,
  })
  const commands = async (of: { host: string; from?: string }) => [
    await answerFor(port, of, '/simulator/first-curl?side=buyer'),
    await answerFor(port, of, '/simulator/gateway/curl', JSON.stringify({ body: { message: 'x' } })),
  ]
  for (const command of await commands({ host: `127.0.0.1:${port}` }))
    expect(command).toContain('x-api-key: CANARY-key')
  const others = [
    ...(await commands({ host: 'my-box' })),
    ...(LAN === undefined ? [] : await commands({ host: LAN, from: LAN })),
  ]
  for (const command of others) {
    expect(command).not.toContain('CANARY')
    expect(command).toContain('x-api-key: $KENAR_INTERNAL_KEY')
  }
})

test('a click waits until the app is ready, and says why it cannot be called', async () => {
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  const simulator = await start({ ready: () => promise })
  const body = JSON.stringify({ side: 'buyer' })
  const clicked = fetch(`${simulator.url}/simulator/clicks`, { method: 'POST', body })
  expect((await fetch(simulator.url)).status).toBe(200)
  expect(simulator.conversation.snapshot().timeline).toEqual([])
  resolve('resolver.ts does not load')
  expect(await (await clicked).json()).toMatchObject({ refusal: 'resolver.ts does not load' })
  expect(simulator.conversation.snapshot().timeline).toMatchObject([
    { kind: 'click', outcome: 'failed', notes: ['resolver.ts does not load'] },
  ])
})

test('the sample landing shows the click as text, whatever is in it', async () => {
  const { url } = await start()
  const click = JSON.stringify({ data: { order_id: '<img src=x onerror=alert(1)>' } })
  const page = await (await fetch(`${url}/landed?click=${encodeURIComponent(click)}`)).text()
  expect(page).toContain('&lt;img src=x')
  expect(page).not.toContain('<img')
})
