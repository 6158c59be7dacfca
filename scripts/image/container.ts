import { mkdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ImageConfig } from './buildah.ts'
import { CheckFailure, end, run, start, within, type End, type Environment, type Running } from './process.ts'
import { readUser, type User } from './user.ts'

const START_DEADLINE_MS = 10_000
/** What a container engine gives to an image that sets no PATH. */
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/**
 * Runs in mount and process namespaces of its own, as process 1 there: makes the tree read-only, gives it the devices,
 * a process list and its volume, and becomes the container's program. The mounts end with the process. All programs up
 * to that point are this machine's: the image needs none of them.
 */
const ENTER = `set -e
tree=$1; mount=$2; folder=$3; place=$4; shift 4
"$mount" --bind "$tree" "$tree"
"$mount" --bind /dev "$tree/dev"
"$mount" -o remount,bind,ro "$tree/dev"
"$mount" -t proc -o nosuid,nodev,noexec proc "$tree/proc"
[ -z "$folder" ] || "$mount" --bind "$folder" "$tree$place"
"$mount" -o remount,bind,ro "$tree"
exec "$@"`

export type Tools = { sh: string; mount: string; unshare: string; nsenter: string }

/** A folder of this machine, and the place in the container that it covers; the program may write there. */
export type Volume = { folder: string; place: string }

export type Container = {
  running: Running
  /** The program's process number outside of the container. */
  pid: number
  user: User
  environment: Environment
}

/** Starts the image's own command as its own user, in its own folder, on its tree made read-only. */
export async function startContainer(
  tools: Tools,
  tree: string,
  image: ImageConfig,
  variables: Environment,
  volume: Volume = { folder: '', place: '' },
): Promise<Container> {
  const user = readUser(tree, image.user)
  const environment: Environment = { PATH: DEFAULT_PATH, HOME: user.home, ...splitAll(image.environment), ...variables }
  for (const folder of ['dev', 'proc']) mkdirSync(join(tree, folder), { recursive: true })
  const become = [tools.unshare, `--root=${tree}`, `--wd=${image.workingFolder}`, ...identity(user), '--']
  const running = start(
    tools.unshare,
    // prettier-ignore
    ['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child', '--',
      tools.sh, '-c', ENTER, 'enter', tree, tools.mount, volume.folder, volume.place, ...become, ...image.command],
    environment,
  )
  try {
    const pid = await within(START_DEADLINE_MS, 'start of the container', findChild(running))
    return { running, pid, user, environment }
  } catch (error) {
    await end(running, false)
    throw error
  }
}

/** Runs the image's health check beside the program, as a container engine does. */
export async function askHealth(tools: Tools, container: Container, image: ImageConfig, variables: Environment = {}) {
  const [kind, ...command] = image.healthTest
  if (kind !== 'CMD') throw new CheckFailure(`its HEALTHCHECK is ${kind ?? 'missing'}, not in exec form`)
  const target = ['--target', String(container.pid), '--mount', '--pid', '--root', '--wd', ...identity(container.user)]
  return run(tools.nsenter, [...target, '--', ...command], {
    deadlineMs: image.healthDeadlineMs,
    what: 'its health check',
    environment: { ...container.environment, ...variables },
  })
}

/** Sends SIGTERM to the program and nothing else. */
export async function stopContainer({ running, pid }: Container, deadlineMs: number): Promise<End> {
  if (!running.hasEnded()) process.kill(pid, 'SIGTERM')
  return within(deadlineMs, 'stop on SIGTERM', running.ended)
}

type Identity = { executable: string; pidInside: string; uids: string; gids: string; capabilities: string }

/** Who the program is, as the kernel has it. */
export function readIdentity({ pid }: Container): Identity {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const field = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? ''
  return {
    executable: readlinkSync(`/proc/${pid}/exe`),
    pidInside: field('NSpid').split(/\s+/).at(-1) ?? '',
    uids: field('Uid'),
    gids: field('Gid'),
    capabilities: field('CapEff'),
  }
}

/** Tries to write where the program lives, with every right of root; says why that failed, or nothing when it worked. */
export function tryToWrite({ pid }: Container, folder: string): string | undefined {
  const file = `/proc/${pid}/root${join(folder, `write-${process.pid}`)}`
  try {
    writeFileSync(file, '', { flag: 'wx' })
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  }
  rmSync(file)
  return undefined
}

/** The last lines that the program wrote. */
export function lastWords({ running }: Container): string {
  return `${running.stdout()}\n${running.stderr()}`.trim().split('\n').slice(-15).join('\n')
}

async function findChild(running: Running): Promise<number> {
  while (!running.hasEnded()) {
    const child = Number(readFileSync(`/proc/${running.pid}/task/${running.pid}/children`, 'utf8').trim())
    if (child > 1) return child
    await sleep(1)
  }
  await running.ended
  throw new CheckFailure(`the container did not start:\n${running.stderr()}`)
}

function identity({ uid, gid }: User): string[] {
  return [`--setgid=${gid}`, `--setuid=${uid}`]
}

function splitAll(assignments: readonly string[]): Environment {
  return Object.fromEntries(
    assignments.map((text) => {
      const [name = '', ...rest] = text.split('=')
      return [name, rest.join('=')]
    }),
  )
}
