import * as z from 'zod'
import { CheckFailure, run, type Environment } from './process.ts'

const BUILD_DEADLINE_MS = 15 * 60_000
const DEADLINE_MS = 2 * 60_000
const NANOSECONDS_PER_MS = 1_000_000

// Defaults that work without an OCI runtime and inside a virtual machine or another container.
const environment: Environment = { STORAGE_DRIVER: 'vfs', BUILDAH_ISOLATION: 'chroot', ...process.env }

const words = z.array(z.string()).nullish()
const inspected = z.object({
  Manifest: z.string(),
  Docker: z.object({
    config: z.object({
      User: z.string(),
      Env: words,
      Entrypoint: words,
      Cmd: words,
      WorkingDir: z.string(),
      Labels: z.record(z.string(), z.string()).nullish(),
      Healthcheck: z.object({ Test: words, Timeout: z.number().optional() }).nullish(),
    }),
  }),
})
const manifest = z.object({ layers: z.array(z.object({ size: z.number() })) })

/** What an image says about how it wants to be run. */
export type ImageConfig = {
  user: string
  environment: string[]
  command: string[]
  workingFolder: string
  healthTest: string[]
  healthDeadlineMs: number
  labels: Readonly<Record<string, string>>
  /** The sum of its layers. */
  bytes: number
  /** Everything that the image's description says, as text. */
  text: string
}

export async function hasImage(name: string): Promise<boolean> {
  const { code } = await run('buildah', ['inspect', '--type', 'image', name], { deadlineMs: DEADLINE_MS, environment })
  return code === 0
}

/** Builds the folder's Dockerfile; the image's name is the caller's to remove again. */
export async function buildImage(folder: string, name: string, variables: Record<string, string>): Promise<void> {
  const buildArgs = Object.entries(variables).flatMap(([key, value]) => ['--build-arg', `${key}=${value}`])
  const options = ['--format', 'docker', '--network', 'host', '--layers=false', '--force-rm', '--pull=false']
  const args = ['bud', ...options, ...buildArgs, '-t', name, folder]
  // The steps of a build leave its process group; in a process namespace of the build they still end with it.
  const alone = ['--pid', '--fork', '--kill-child', '--mount-proc', '--', 'buildah', ...args]
  succeed('buildah bud', await run('unshare', alone, { deadlineMs: BUILD_DEADLINE_MS, what: 'build', environment }))
}

export async function readImage(name: string): Promise<ImageConfig> {
  const text = await buildah(['inspect', '--type', 'image', name])
  const { Manifest, Docker } = inspected.parse(JSON.parse(text))
  const { config } = Docker
  return {
    user: config.User,
    environment: config.Env ?? [],
    command: [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])],
    workingFolder: config.WorkingDir === '' ? '/' : config.WorkingDir,
    healthTest: config.Healthcheck?.Test ?? [],
    healthDeadlineMs: (config.Healthcheck?.Timeout ?? 0) / NANOSECONDS_PER_MS || 30_000,
    labels: config.Labels ?? {},
    bytes: manifest.parse(JSON.parse(Manifest)).layers.reduce((sum, { size }) => sum + size, 0),
    text,
  }
}

export async function removeImage(name: string): Promise<void> {
  if (await hasImageStill(name)) await buildah(['rmi', name], DEADLINE_MS, true)
}

/** Unpacks the image into a working container; its tree is a folder of this machine. */
export async function openImage(name: string, container: string): Promise<string> {
  await buildah(['from', '--pull=false', '--name', container, name])
  return (await buildah(['mount', container])).trim()
}

/** Also unmounts it. */
export async function removeContainer(container: string): Promise<void> {
  const names = await buildah(['containers', '--format', '{{.ContainerName}}'], DEADLINE_MS, true)
  if (names.split('\n').includes(container)) await buildah(['rm', container], DEADLINE_MS, true)
}

async function hasImageStill(name: string): Promise<boolean> {
  const names = await buildah(['images', '--format', '{{.Name}}:{{.Tag}}'], DEADLINE_MS, true)
  return names.split('\n').includes(name)
}

async function buildah(args: string[], deadlineMs = DEADLINE_MS, finish = false): Promise<string> {
  return succeed(`buildah ${args[0] ?? ''}`, await run('buildah', args, { deadlineMs, environment, finish }))
}

function succeed(what: string, { code, stdout, stderr }: Awaited<ReturnType<typeof run>>): string {
  if (code === 0) return stdout
  const tail = `${stdout}\n${stderr}`.trim().split('\n').slice(-25).join('\n')
  throw new CheckFailure(`${what} ended with ${code ?? 'a signal'}:\n${tail}`)
}
