/**
 * Builds the image and runs it as an operator would: its own command, its own user, a read-only file system, its own
 * health check, one click, SIGTERM; then with a store in a volume, and once more on what that left. Needs Linux, root
 * and buildah; without them it says so and counts as passed.
 */
import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import * as z from 'zod'
import * as buildah from './image/buildah.ts'
import type { Tools } from './image/container.ts'
import { CheckFailure, findProgram, run } from './image/process.ts'
import { expect, say } from './image/report.ts'
import { checkWithStore } from './image/with-store.ts'
import { checkWithoutStore } from './image/without-store.ts'

const ROOT = join(import.meta.dirname, '..')
const NAME = `localhost/kenar-chat-gateway:check-${randomUUID()}`
const CONTAINER = `kenar-chat-gateway-${randomUUID()}`
const BASE_IMAGE = process.env['NODE_IMAGE'] ?? 'localhost/node:24'
const NPM_REGISTRY = process.env['NPM_REGISTRY'] ?? ''
const PROBE_DEADLINE_MS = 5000
/** Of any release: the labels must have what the build is given. */
const RELEASE = { version: '1.2.3', revision: randomUUID(), source: 'https://git.example.com/kenar-chat-gateway' }

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

function findTools(): Tools | string {
  if (process.platform !== 'linux') return 'this is not Linux'
  if (findProgram('buildah') === undefined) return 'buildah is not installed'
  const [sh, mount, unshare, nsenter] = ['sh', 'mount', 'unshare', 'nsenter'].map(findProgram)
  if (!sh || !mount || !unshare || !nsenter) return 'sh, mount, unshare and nsenter are not all installed'
  return { sh, mount, unshare, nsenter }
}

async function findObstacle(tools: Tools): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'it needs root, for mounts and for becoming the user of the image'
  const probe = await run(tools.unshare, ['--mount', '--pid', '--fork', 'true'], { deadlineMs: PROBE_DEADLINE_MS })
  if (probe.code !== 0) return `this machine allows no namespaces: ${probe.stderr.trim()}`
  if (!(await buildah.hasImage(BASE_IMAGE))) {
    return `buildah has no image ${BASE_IMAGE}; pull a Node 24 image and name it in NODE_IMAGE`
  }
  return undefined
}

async function checkImage(tools: Tools): Promise<void> {
  try {
    say(`Building on ${BASE_IMAGE} ...`)
    const registry = NPM_REGISTRY === '' ? {} : { NPM_REGISTRY }
    await buildah.buildImage(ROOT, NAME, {
      NODE_IMAGE: BASE_IMAGE,
      ...registry,
      IMAGE_VERSION: RELEASE.version,
      IMAGE_REVISION: RELEASE.revision,
      IMAGE_SOURCE: RELEASE.source,
    })
    const image = await buildah.readImage(NAME)
    const { bytes: baseBytes } = await buildah.readImage(BASE_IMAGE)
    say(`size: ${megabytes(image.bytes)}, of which ${megabytes(image.bytes - baseBytes)} on top of the base image`)
    const tree = await buildah.openImage(NAME, CONTAINER)
    checkContent(tree, image)
    checkLabels(image)
    await checkWithoutStore({ tools, tree, image })
    await checkWithStore({ tools, tree, image })
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

/** What a registry and a scanner read. */
function checkLabels({ labels }: buildah.ImageConfig): void {
  for (const [name, value] of Object.entries({ ...RELEASE, licenses: 'MIT', title: 'kenar-chat-gateway' })) {
    const label = `org.opencontainers.image.${name}`
    expect(labels[label] === value, `its label ${label} is not ${value} but ${labels[label] ?? 'absent'}`)
  }
  say('ok: labels with version, revision, source and license')
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}
