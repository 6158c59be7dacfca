import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { promisify } from 'node:util'
import { runCommand } from '../../prove/support/children.ts'

const run = promisify(execFile)

/** Contestants on the one, the load and everything else on the other. */
export const CORES = { contestant: 0, load: 1 } as const

export type Machine = {
  cores: number
  processor: string
  node: string
  /** Whether processes can be kept to their cores. */
  pins: boolean
  /** What counts instructions: the processor, or else a processor made of software. */
  counter: 'perf' | 'callgrind' | undefined
}

export async function lookAtMachine(): Promise<Machine> {
  return {
    cores: cpus().length,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    node: process.version,
    pins: cpus().length > 1 && (await works('taskset', ['--version'])),
    counter: (await canCount()) ? 'perf' : (await works('callgrind_control', ['--version'])) ? 'callgrind' : undefined,
  }
}

/** A command as it is started on one core. */
export function pinned(
  { pins }: Machine,
  core: number,
  command: string,
  args: readonly string[],
): [string, readonly string[]] {
  return pins ? ['taskset', ['-c', String(core), command, ...args]] : [command, args]
}

/** This process must not get in the contestants' way either. */
export async function stepAside({ pins }: Machine): Promise<void> {
  if (pins) await runCommand('taskset', ['-apc', String(CORES.load), String(process.pid)])
}

export async function works(command: string, args: readonly string[]): Promise<boolean> {
  try {
    await run(command, args)
    return true
  } catch {
    return false
  }
}

/** Virtual machines often have no counters; perf then says so for each of them, and is content. */
async function canCount(): Promise<boolean> {
  try {
    const { stderr } = await run('perf', ['stat', '-x', ',', '-e', 'instructions:u', '--', 'true'])
    return /^\d+,/m.test(stderr)
  } catch {
    return false
  }
}

/** The version of an installed package. */
export function versionOf(manifest: URL): string {
  return /"version": *"([^"]+)"/.exec(readFileSync(manifest, 'utf8'))?.[1] ?? 'unknown'
}
