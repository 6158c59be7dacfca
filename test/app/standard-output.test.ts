import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import * as z from 'zod'
import type { Environment } from '../../src/config/config.ts'
import { environment, KEYS } from '../support/gateway.ts'
import { reportMissing } from '../support/programs.ts'
import { CLICK } from '../support/requests.ts'
import { resolverFile } from '../support/resolvers.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
/** Each click logs a megabyte; 16 may wait. */
const RESOLVER = `export default (click, { log }) => {
  log.info({ event: 'resolver.noise', noise: 'x'.repeat(1024 * 1024) })
  return { url: 'https://app.example.com/done' }
}`
const lostLines = z.object({ level: z.literal('warn'), event: z.literal('log.lines_lost'), lines: z.int().positive() })

const folder = mkdtempSync(join(tmpdir(), 'standard-output-'))
const children = new Set<ChildProcess>()
let resolver: Environment
beforeAll(async () => {
  resolver = { RESOLVER: 'module', RESOLVER_MODULE: await resolverFile(RESOLVER), SHUTDOWN_GRACE_MS: '1000' }
})
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('expected a TCP address')
  return address.port
}

/** A gateway whose standard output is this file descriptor; resolves once it takes requests. */
async function startOn(stdout: number, overrides: Environment = {}) {
  const port = await freePort()
  const { NODE_COMPILE_CACHE } = process.env
  const env = { NODE_COMPILE_CACHE, ...environment(), ...resolver, PORT: String(port), ...overrides }
  const child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', stdout, 'pipe'] })
  children.add(child)
  let said = ''
  child.stderr?.on('data', (chunk) => (said += String(chunk)))
  const exited = once(child, 'close').then(([code, signal]: unknown[]) => {
    children.delete(child)
    return code ?? signal
  })
  const url = `http://127.0.0.1:${port}`
  const isReady = () =>
    fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    )
  while (child.exitCode === null && !(await isReady())) await setTimeout(20)
  const clicks = async (count: number) => {
    for (let sent = 0; sent < count; sent += 1) {
      const answer = await fetch(`${url}/divar/session`, {
        method: 'POST',
        headers: { authorization: KEYS.identification, 'content-type': 'application/json' },
        body: JSON.stringify(CLICK),
      })
      expect(await answer.json()).toMatchObject({ status: '200', url: 'https://app.example.com/done' })
    }
  }
  const linesLost = async () => {
    const metrics = await fetch(`${url}/metrics`, { headers: { 'x-api-key': KEYS.caller } })
    return Number(/^kenar_log_lines_lost_total (\d+)$/m.exec(await metrics.text())?.[1])
  }
  return { child, clicks, linesLost, exited, stderr: () => said }
}

/** A pipe with a name, and both of its ends. */
function openPipe(name: string) {
  const path = join(folder, name)
  execFileSync('mkfifo', [path])
  const openReader = () => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const reader = openReader()
  return { reader, writer: openSync(path, 'w'), openReader }
}

/** Reads a pipe until a whole line matches. */
async function readUntil(reader: number, wanted: RegExp): Promise<string> {
  const chunk = Buffer.alloc(1024 * 1024)
  for (let rest = ''; ;) {
    try {
      rest += chunk.toString('utf8', 0, readSync(reader, chunk))
    } catch {
      // Nothing is there yet.
      await setTimeout(5)
    }
    const lines = rest.split('\n')
    rest = lines.pop() ?? ''
    const found = lines.find((line) => wanted.test(line))
    if (found !== undefined) return found
  }
}

test.each([
  ['whose disk is full', '/dev/full', 'w'],
  ['that is open for reading only', '/dev/null', 'r'],
])(
  'a standard output %s fails no click, lost lines are counted, and SIGTERM ends the gateway',
  async (_, path, flags) => {
    const refusing = openSync(path, flags)
    const { child, clicks, linesLost, exited } = await startOn(refusing)
    await clicks(20)
    expect(await linesLost()).toBeGreaterThanOrEqual(4)
    child.kill('SIGTERM')
    expect(await exited).toBe(0)
    closeSync(refusing)
  },
)

/** A small disk, where this process may mount one. */
function mountDisk(): string | undefined {
  const disk = mkdtempSync(join(folder, 'disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=40m', 'tmpfs', disk], { stdio: 'ignore' })
    return disk
  } catch {
    reportMissing('the right to mount', 'a full disk for the log is not tried')
    return undefined
  }
}

test('after a full disk the log continues with whole lines and says how many were lost', async () => {
  const disk = mountDisk()
  if (disk === undefined) return
  try {
    writeFileSync(join(disk, 'others'), Buffer.alloc(38 * 1024 * 1024))
    const path = join(disk, 'gateway.log')
    const { child, clicks, linesLost, exited } = await startOn(openSync(path, 'a'))
    await clicks(25)
    const lost = await linesLost()
    expect(lost).toBeGreaterThan(0)
    rmSync(join(disk, 'others'))
    while (!readFileSync(path, 'utf8').includes('log.lines_lost')) await setTimeout(20)
    child.kill('SIGTERM')
    expect(await exited).toBe(0)
    const lines = readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line))
    const told = lines.map((line) => lostLines.safeParse(line).data?.lines ?? 0)
    expect(told.reduce((sum, count) => sum + count)).toBe(lost)
    expect(lines).toContainEqual(expect.objectContaining({ event: 'log.lines_lost', error_code: 'ENOSPC' }))
    expect(lines.at(-1)).toMatchObject({ event: 'gateway.stopped' })
  } finally {
    execFileSync('umount', ['--lazy', disk])
  }
})

test('a closed log reader fails no click, and the next reader sees how many lines were lost', async () => {
  const { reader, writer, openReader } = openPipe('gone')
  const { child, clicks, exited } = await startOn(writer)
  closeSync(writer)
  closeSync(reader)
  await clicks(20)
  const next = openReader()
  expect(lostLines.parse(JSON.parse(await readUntil(next, /log\.lines_lost/)))).toMatchObject({
    event: 'log.lines_lost',
  })
  closeSync(next)
  child.kill('SIGTERM')
  expect(await exited).toBe(0)
})

test('a log reader that does not read fails no click and does not delay SIGTERM', async () => {
  const { writer } = openPipe('unread')
  const { child, clicks, linesLost, exited } = await startOn(writer)
  await clicks(20)
  expect(await linesLost()).toBeGreaterThan(0)
  child.kill('SIGTERM')
  expect(await exited).toBe(0)
})

test.each(['/dev/full', 'unread'])('an uncaught error ends a gateway that logs to %s with 1', async (output) => {
  const module = await resolverFile(`export default (click, { log }) => {
    log.info({ noise: 'x'.repeat(1024 * 1024) })
    setImmediate(() => { throw new Error('late') })
    return { url: 'https://app.example.com/done' }
  }`)
  const stdout = output === 'unread' ? openPipe('unread-crash').writer : openSync(output, 'w')
  const { clicks, exited } = await startOn(stdout, { RESOLVER_MODULE: module })
  await clicks(1)
  expect(await exited).toBe(1)
})

test('a gateway that crashes still logs how many lines it lost', async () => {
  const module = await resolverFile(`export default (click, { log }) => {
    for (let line = 0; line < 20; line += 1) log.info({ noise: 'x'.repeat(1024 * 1024) })
    setImmediate(() => { throw new Error('late') })
    return { url: 'https://app.example.com/done' }
  }`)
  const path = join(folder, 'crash.log')
  const { clicks, exited } = await startOn(openSync(path, 'a'), { RESOLVER_MODULE: module })
  await clicks(1)
  expect(await exited).toBe(1)
  const last = readFileSync(path, 'utf8').trimEnd().split('\n').at(-1) ?? ''
  expect(lostLines.parse(JSON.parse(last)).lines).toBeGreaterThanOrEqual(5)
})

test('a failed start prints its sentence and exits with its code on any standard output', async () => {
  const full = openSync('/dev/full', 'w')
  const { exited, stderr } = await startOn(full, { HOST: '203.0.113.1' })
  expect(await exited).toBe(78)
  expect(stderr()).toContain('HOST: this machine has no such address (EADDRNOTAVAIL)')
  const silent = spawn(process.execPath, [MAIN], { env: { PORT: 'x' }, stdio: ['ignore', 'ignore', full] })
  expect(await once(silent, 'exit')).toEqual([78, null])
})

test('a resolver that writes to a closed standard output does not end the gateway', async () => {
  const module = await resolverFile(`export default () => {
    process.stdout.write('from the resolver')
    process.stderr.write('from the resolver')
    return { url: 'https://app.example.com/done' }
  }`)
  const { reader, writer } = openPipe('closed')
  const { child, clicks, exited } = await startOn(writer, { RESOLVER_MODULE: module })
  closeSync(writer)
  closeSync(reader)
  child.stderr?.destroy()
  await clicks(3)
  child.kill('SIGTERM')
  expect(await exited).toBe(0)
})
