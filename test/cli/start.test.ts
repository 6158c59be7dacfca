import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { freePort } from '../../prove/support/free-port.ts'
import { tempFolder } from '../support/command-line.ts'
import { environment, KEYS } from '../support/gateway.ts'
import { startCommand } from '../support/running-command.ts'

/** A folder with this file .env. */
async function folderWith(variables: Record<string, string | undefined>): Promise<string> {
  const folder = await tempFolder()
  const lines = Object.entries(variables).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]))
  await writeFile(join(folder, '.env'), lines.join('\n'))
  return folder
}

test('start runs the gateway with .env of the folder, which the environment overrides, until it is stopped', async () => {
  const cwd = await folderWith({ ...environment(), PORT: 'wrong' })
  const gateway = startCommand(['start'], { cwd, env: { PORT: '0' } })
  const [, port = ''] = await gateway.printed(/"event":"gateway.started".*"port":(\d+)/)
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200)
  gateway.kill('SIGTERM')
  expect(await gateway.exited).toBe(0)
  for (const secret of Object.values(KEYS)) expect(gateway.output()).not.toContain(secret)
})

test('start reads a .env of Windows, which begins with a mark and ends lines with CR LF', async () => {
  const cwd = await folderWith({ ...environment(), PORT: '0' })
  const file = join(cwd, '.env')
  await writeFile(file, `\uFEFF${(await readFile(file, 'utf8')).replaceAll('\n', '\r\n')}`)
  const gateway = startCommand(['start'], { cwd })
  await gateway.printed(/"event":"gateway.started"/)
  gateway.kill('SIGTERM')
  expect(await gateway.exited).toBe(0)
})

test('start says in one sentence that .env cannot be read', async () => {
  const cwd = await tempFolder()
  await mkdir(join(cwd, '.env'))
  const gateway = startCommand(['start'], { cwd })
  expect(await gateway.exited).toBe(2)
  expect(gateway.output()).toBe('.env: cannot be read (EISDIR)\n')
})

test('start names every fault of the configuration, and its exit code is 78', async () => {
  const cwd = await folderWith({ ...environment(), PORT: 'wrong', HOST: 'no host' })
  const gateway = startCommand(['start'], { cwd })
  expect(await gateway.exited).toBe(78)
  expect(gateway.output()).toMatch(/PORT: .*\n/)
  expect(gateway.output()).toMatch(/HOST: .*\n/)
})

test('demo serves a chat to click in, until it is stopped', async () => {
  const names = ['--port', '--internal-port', '--simulator-port', '--app-port']
  const ports: (string | number)[] = []
  for (const name of names) ports.push(name, await freePort())
  const demo = startCommand(['demo', ...ports.map(String)])
  const [, url = ''] = await demo.printed(/Open this in a browser: +(http:\S+)/)
  const body = JSON.stringify({ side: 'buyer' })
  const click = await fetch(`${url}/simulator/clicks`, { method: 'POST', body })
  expect(await click.json()).toMatchObject({ url: expect.stringContaining('/oauth/start/') })
  const [, docs = ''] = await demo.printed(/The documentation: +(http:\S+)/)
  expect((await fetch(docs)).status).toBe(200)
  demo.kill('SIGINT')
  expect(await demo.exited).toBe(0)
})

test('demo says in one sentence which port is in use', async () => {
  const port = await freePort()
  const first = startCommand(['simulator', '--port', String(port), '--api-key', 'x', '--identification-key', 'y'])
  await first.printed(/Open http/)
  const demo = startCommand([
    'demo',
    '--port',
    '0',
    '--internal-port',
    '0',
    '--app-port',
    '0',
    '--simulator-port',
    String(port),
  ])
  expect(await demo.exited).toBe(2)
  const others = '--port 3005 --internal-port 3006 --simulator-port 4005 --app-port 5055 (after -- with npm run demo)'
  expect(demo.output()).toBe(
    `the ports 0, 0, ${port} and 0 are needed, and port ${port} is in use; give others: ${others}\n`,
  )
})
