import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { tempFolder } from '../support/command-line.ts'
import { startDev } from '../support/dev.ts'
import { eventually } from '../support/outbox.ts'
import { startCommand } from '../support/running-command.ts'

const OK = `export default () => ({ url: 'https://app.example.com/ok' })\n`
const NEVER_LOADS = `console.log('loading')\nsetInterval(() => undefined, 1000)\nawait new Promise(() => undefined)\n${OK}`

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('messages that the resolver sends to its parent process, such as "ready", are no concern of dev', async () => {
  const file = `process.send?.('ready')\nexport default () => {\n  process.send?.({ kind: 'called' })\n  return { url: 'https://app.example.com/ok' }\n}`
  const dev = await startDev({ 'resolver.mjs': file }, 'resolver.mjs')
  expect(await dev.click()).toMatchObject({ url: 'https://app.example.com/ok' })
  await dev.end()
})

test('no process stays when the command is killed while the resolver is in an endless loop', async () => {
  const file = `export default () => {\n  console.log('process ' + process.pid)\n  for (;;);\n}`
  const dev = await startDev({ 'resolver.mjs': file }, 'resolver.mjs')
  const clicked = dev.click().catch(() => undefined)
  const [, pid = ''] = await dev.printed(/process (\d+)/)
  dev.kill('SIGKILL')
  await clicked
  const isGone = () => Promise.resolve(isRunning(Number(pid)) ? undefined : true)
  expect(await eventually(isGone, 'the process of the gateway is gone')).toBe(true)
})

test.each(['SIGTERM', 'SIGHUP', 'SIGKILL'] as const)(
  'no process and no temporary store stays when npm, which runs dev, ends by %s',
  async (signal) => {
    const temporary = await tempFolder()
    const dev = startCommand(['dev'], { npm: true, env: { TMPDIR: temporary } })
    await dev.printed(/Ctrl-C ends it/)
    expect(await readdir(temporary)).toContainEqual(expect.stringMatching(/^kenar-dev-/))
    dev.kill(signal)
    await dev.exited
    expect(await readdir(temporary)).not.toContainEqual(expect.stringMatching(/^kenar-dev-/))
  },
)

test('with --host, gateway and simulator are reached at that address', async () => {
  const dev = await startDev({ 'resolver.mjs': OK }, 'resolver.mjs', '--host', '127.0.0.2')
  expect(new URL(dev.simulator).hostname).toBe('127.0.0.2')
  expect(await dev.click()).toMatchObject({ url: 'https://app.example.com/ok' })
  await dev.printed(/gateway +http:\/\/127\.0\.0\.2:/)
  await dev.end()
})

test('a hang-up ends dev as Ctrl-C does', async () => {
  const dev = await startDev({ 'resolver.mjs': OK }, 'resolver.mjs')
  dev.kill('SIGHUP')
  expect(await dev.exited).toBe(0)
})

test('Ctrl-C ends dev after its gateway has ended, so that the gateway never loses its store', async () => {
  const file = `console.log('process ' + process.pid)\n${OK}`
  const dev = await startDev({ 'resolver.mjs': file }, 'resolver.mjs')
  const [, pid = ''] = await dev.printed(/process (\d+)/)
  dev.kill('SIGINT')
  expect(await dev.exited).toBe(0)
  expect(isRunning(Number(pid))).toBe(false)
  expect(dev.output()).not.toContain('store.failed')
})

test('a save is used although the file of before never ends loading', async () => {
  const dev = await startDev({ 'resolver.mjs': OK }, 'resolver.mjs')
  await dev.write('resolver.mjs', NEVER_LOADS)
  await dev.printed(/ loading$/m)
  await dev.write('resolver.mjs', OK.replace('/ok', '/mended'))
  expect(await dev.click()).toMatchObject({ url: 'https://app.example.com/mended' })
  await dev.end()
})

test('Ctrl-C ends dev while a file loads that never ends loading', async () => {
  const cwd = await tempFolder()
  await writeFile(join(cwd, 'resolver.mjs'), NEVER_LOADS)
  const dev = startCommand(['dev', 'resolver.mjs'], { cwd })
  await dev.printed(/ loading$/m)
  dev.kill('SIGINT')
  expect(await dev.exited).toBe(0)
  expect(dev.output()).not.toMatch(/not loaded|Ctrl-C/)
})

test('several that start at the same moment find ports of their own', async () => {
  const all = [startCommand(['dev']), startCommand(['dev']), startCommand(['dev'])]
  const gateways = await Promise.all(
    all.map(async (dev) => {
      const [, simulator = ''] = await dev.printed(/Open (http:\S+) in a browser/)
      const [, gateway = ''] = await dev.printed(/gateway +(http:\S+) for Divar/)
      await dev.printed(/Ctrl-C ends it/)
      const click = await fetch(`${simulator}/simulator/clicks`, { method: 'POST', body: '{"side":"buyer"}' })
      expect(await click.json()).toMatchObject({ url: expect.stringContaining(`${simulator}/landed`) })
      return gateway
    }),
  )
  expect(new Set(gateways).size).toBe(all.length)
  for (const dev of all) dev.kill('SIGINT')
  expect(await Promise.all(all.map(({ exited }) => exited))).toEqual([0, 0, 0])
})

test('what is thrown without being an error is named, and a last line without its end is shown', async () => {
  const file = `export default () => {\n  process.stdout.write('half a line')\n  throw null\n}`
  const dev = await startDev({ 'resolver.mjs': file }, 'resolver.mjs')
  await dev.click()
  await dev.printed(/ resolver +v1 {2}the resolver threw: null {2}/)
  await dev.end()
  expect(dev.output()).toMatch(/^ +half a line$/m)
})
