/**
 * Builds the image and runs it as an operator would: its own command, its own user, a read-only file system, its own
 * health check, one click, SIGTERM. Needs Linux, root and buildah; without them it says so and counts as passed.
 */
import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import * as buildah from './image/buildah.ts'
import * as box from './image/container.ts'
import { CheckFailure, end, findProgram, run, within } from './image/process.ts'

const ROOT = join(import.meta.dirname, '..')
const NAME = `localhost/kenar-chat-gateway:check-${randomUUID()}`
const CONTAINER = `kenar-chat-gateway-${randomUUID()}`
const BASE_IMAGE = process.env['NODE_IMAGE'] ?? 'localhost/node:24'
const NPM_REGISTRY = process.env['NPM_REGISTRY'] ?? ''

const FIRST_ANSWER_DEADLINE_MS = 20_000
const ANSWER_DEADLINE_MS = 5000
const STOP_DEADLINE_MS = 15_000
const POLL_MS = 5

const KEY = 'image check key'
const VARIABLES = {
  DIVAR_IDENTIFICATION_KEY: KEY,
  DIVAR_API_KEY: 'x-api',
  INTERNAL_API_KEYS: 'check:0123456789abcdef',
  RESOLVER: 'template',
  LANDING_URL_TEMPLATE: 'https://app.example.com/start{?post_token}',
  HOST: '127.0.0.1',
}
const CLICK = { post_token: 'AZf3Uqr3', user_id: 'u1', peer_id: 'u2' }
const LANDING = {
  status: '200',
  message: 'success',
  url: 'https://app.example.com/start?post_token=AZf3Uqr3',
}

try {
  const tools = findTools()
  const obstacle = typeof tools === 'string' ? tools : await findObstacle(tools)
  if (typeof tools === 'string' || obstacle !== undefined)
    say(`SKIPPED: the image was not checked: ${String(obstacle)}`)
  else await checkImage(tools)
} catch (error) {
  say(`FAILED: ${error instanceof CheckFailure ? error.message : String(error instanceof Error ? error.stack : error)}`)
  process.exitCode = 1
}

function findTools(): box.Tools | string {
  if (process.platform !== 'linux') return 'this is not Linux'
  if (findProgram('buildah') === undefined) return 'buildah is not installed'
  const [sh, mount, unshare, nsenter] = ['sh', 'mount', 'unshare', 'nsenter'].map(findProgram)
  if (!sh || !mount || !unshare || !nsenter) return 'sh, mount, unshare and nsenter are not all installed'
  return { sh, mount, unshare, nsenter }
}

async function findObstacle(tools: box.Tools): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'it needs root, for mounts and for becoming the user of the image'
  const probe = await run(tools.unshare, ['--mount', '--pid', '--fork', 'true'], { deadlineMs: ANSWER_DEADLINE_MS })
  if (probe.code !== 0) return `this machine allows no namespaces: ${probe.stderr.trim()}`
  if (!(await buildah.hasImage(BASE_IMAGE))) {
    return `buildah has no image ${BASE_IMAGE}; pull a Node 24 image and name it in NODE_IMAGE`
  }
  return undefined
}

async function checkImage(tools: box.Tools): Promise<void> {
  try {
    say(`Building on ${BASE_IMAGE} ...`)
    const registry = NPM_REGISTRY === '' ? {} : { NPM_REGISTRY }
    await buildah.buildImage(ROOT, NAME, { NODE_IMAGE: BASE_IMAGE, ...registry })
    const image = await buildah.readImage(NAME)
    const { bytes: baseBytes } = await buildah.readImage(BASE_IMAGE)
    say(`size: ${megabytes(image.bytes)}, of which ${megabytes(image.bytes - baseBytes)} on top of the base image`)
    const tree = await buildah.openImage(NAME, CONTAINER)
    checkContent(tree, image)
    await checkRunning(tools, tree, image)
    say('PASSED')
  } finally {
    await buildah.removeContainer(CONTAINER)
    await buildah.removeImage(NAME)
  }
}

/** No developer's tool and no registry may come along. */
function checkContent(tree: string, image: buildah.ImageConfig): void {
  expect(!['sh', 'bash', 'dash', 'ash'].includes(basename(image.command[0] ?? 'sh')), 'its command needs a shell')
  const lock = z.object({ packages: z.record(z.string(), z.object({ dev: z.boolean().optional() })) })
  const { packages } = lock.parse(JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')))
  const home = join(tree, image.workingFolder)
  expect(existsSync(join(home, 'node_modules')), `there are no packages in its working folder ${image.workingFolder}`)
  const strays = Object.keys(packages).filter((path) => packages[path]?.dev === true && existsSync(join(home, path)))
  expect(strays.length === 0, `it carries packages for development only: ${strays.slice(0, 5).join(', ')}`)
  if (NPM_REGISTRY !== '') {
    const list = join(home, 'node_modules', '.package-lock.json')
    const known = image.text + (existsSync(list) ? readFileSync(list, 'utf8') : '')
    expect(!known.includes(NPM_REGISTRY), 'it still knows the registry that it was built from')
  }
  say('ok: only production packages')
}

async function checkRunning(tools: box.Tools, tree: string, image: buildah.ImageConfig): Promise<void> {
  const [port, closedPort] = await findFreePorts()
  const began = performance.now()
  const container = await box.startContainer(tools, tree, image, { ...VARIABLES, PORT: String(port) })
  try {
    const waiting = new AbortController()
    await within(FIRST_ANSWER_DEADLINE_MS, 'first answer', firstAnswer(container, port, waiting.signal)).finally(() => {
      waiting.abort()
    })
    say(`ok: first answer ${Math.round(performance.now() - began)} ms after the start`)
    checkIdentity(container)
    checkReadOnly(container, image)
    await checkHealth(tools, container, image, closedPort)
    await checkClick(port)
    const { code, signal } = await box.stopContainer(container, STOP_DEADLINE_MS)
    expect(code === 0, `SIGTERM ended it with ${code ?? signal ?? 'nothing'}, not with 0`)
    say('ok: SIGTERM ends it with 0')
  } catch (error) {
    say(`The program's last words:\n${box.lastWords(container)}`)
    throw error
  } finally {
    await end(container.running, false)
  }
}

async function firstAnswer(container: box.Container, port: number, given: AbortSignal): Promise<void> {
  while (!given.aborted) {
    if (container.running.hasEnded()) {
      const { code, signal } = await container.running.ended
      throw new CheckFailure(`the program ended with ${code ?? signal ?? 'nothing'} before its first answer`)
    }
    try {
      await (await fetch(`http://127.0.0.1:${port}/healthz`, { signal: given })).text()
      return
    } catch {
      await sleep(POLL_MS)
    }
  }
}

function checkIdentity(container: box.Container): void {
  const { executable, pidInside, uids, gids, capabilities } = box.readIdentity(container)
  expect(basename(executable) === 'node', `its first process is ${executable}, not node`)
  expect(pidInside === '1', `node is process ${pidInside} of the container, not the first`)
  expect(!/\b0\b/.test(`${uids} ${gids}`), `it runs as root: user ids ${uids}, group ids ${gids}`)
  expect(BigInt(`0x${capabilities}`) === 0n, `it holds capabilities: ${capabilities}`)
  say(`ok: node is process 1, user ${uids.split('\t')[0] ?? ''}, group ${gids.split('\t')[0] ?? ''}, no capabilities`)
}

function checkReadOnly(container: box.Container, image: buildah.ImageConfig): void {
  for (const folder of new Set(['/', image.workingFolder])) {
    const refusal = box.tryToWrite(container, folder)
    expect(refusal === 'EROFS', `a write into ${folder} was not refused as read-only: ${refusal ?? 'it worked'}`)
  }
  say('ok: its file system is read-only')
}

async function checkHealth(
  tools: box.Tools,
  container: box.Container,
  image: buildah.ImageConfig,
  closedPort: number,
): Promise<void> {
  const well = await box.askHealth(tools, container, image)
  expect(well.code === 0, `its health check ends with ${well.code ?? 'a signal'}: ${well.stdout}${well.stderr}`)
  // A check that cannot fail says nothing.
  const ill = await box.askHealth(tools, container, image, { PORT: String(closedPort) })
  expect(ill.code === 1, `its health check ends with ${ill.code ?? 'a signal'} where nothing listens, not with 1`)
  say('ok: its health check says 0, and 1 where nothing listens')
}

async function checkClick(port: number): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/divar/session`, {
    method: 'POST',
    headers: { authorization: KEY, 'content-type': 'application/json' },
    body: JSON.stringify(CLICK),
    signal: AbortSignal.timeout(ANSWER_DEADLINE_MS),
  })
  const text = await response.text()
  const landed = response.status === 200 && isDeepStrictEqual(readJson(text), LANDING)
  expect(landed, `a click was answered ${response.status} ${text}, not 200 ${JSON.stringify(LANDING)}`)
  say('ok: a click gets its landing')
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Both at once, so that they differ. */
async function findFreePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()]
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject).listen(0, '127.0.0.1', () => {
            const address = server.address()
            resolve(typeof address === 'object' && address !== null ? address.port : 0)
          })
        }),
    ),
  )
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  const [one = 0, other = 0] = ports
  return [one, other]
}

function expect(met: boolean, otherwise: string): void {
  if (!met) throw new CheckFailure(otherwise)
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
