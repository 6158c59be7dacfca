import { once } from 'node:events'
import { startChild } from '../../prove/support/children.ts'
import type { Running } from './contestant.ts'
import type { Machine } from './machine.ts'

const ATTACHES_WITHIN_MS = 300

/**
 * Counts what a contestant's process executes in user space while something else goes on. The steadiest of all figures, where the machine has
 * it; nothing where it has not.
 */
export async function countInstructions<Result>(
  { counter }: Machine,
  { pid }: Running,
  work: () => Promise<Result>,
): Promise<{ result: Result; instructions: number | undefined }> {
  if (counter !== 'perf') return { result: await work(), instructions: undefined }
  const perf = startChild('perf', ['stat', '-x', ',', '-e', 'instructions:u', '-p', String(pid)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let told = ''
  perf.stderr?.setEncoding('utf8').on('data', (chunk) => (told += String(chunk)))
  const closed = once(perf, 'close')
  // It does not say when it has attached; what comes before is idle time, in which next to nothing is executed.
  await new Promise((resolve) => setTimeout(resolve, ATTACHES_WITHIN_MS))
  try {
    const result = await work()
    perf.kill('SIGINT')
    await closed
    const counted = /^(\d+),/m.exec(told)?.[1]
    if (counted === undefined) throw new Error(`perf counted nothing: ${told}`)
    return { result, instructions: Number(counted) }
  } finally {
    perf.kill('SIGKILL')
  }
}
