import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '../../prove/support/children.ts'
import type { Bench } from './bench.ts'
import type { Contestant } from './contestant.ts'

/**
 * Until then V8 still compiles, and what it has not compiled yet costs more. It meets a connection's end only as each of these is over, throws
 * away what it had compiled without that, and begins anew: after one long warm-up counts were up to 16 % too high, by chance.
 */
const WARM_UPS = 4
const WARM_UP_REQUESTS = 15_000
const REQUESTS = 5_000
/** A program runs fifty times as long; every job is bounded in its count as well. */
const SECONDS = 900
/** The tools find each other by these two names, and one contestant takes HOST for its own. */
const NAMES = { USER: 'bench', HOST: '127.0.0.1' }

/**
 * What a contestant executes in user space for one request, counted by running it on a processor made of software: slow, but almost the same on
 * every machine. Its main thread only: how much V8 compiles and collects beside that depends on when it gets round to it.
 */
export async function countUnderCallgrind(bench: Bench, contestant: Contestant): Promise<number> {
  const out = join(bench.folder, `callgrind-${contestant.name.replaceAll(/\W+/g, '-')}`)
  const prefix = join(bench.folder, 'vgdb')
  const running = await bench.start(wrapped(contestant, out, prefix))
  const control = (what: string) =>
    runCommand('env', [
      ...Object.entries(NAMES).map(([name, value]) => `${name}=${value}`),
      'callgrind_control',
      `--vgdb-prefix=${prefix}`,
      what,
      String(running.pid),
    ])
  for (let warmUp = 0; warmUp < WARM_UPS; warmUp += 1) {
    await bench.load.run(running, { seconds: SECONDS, maxRequests: WARM_UP_REQUESTS })
  }
  await control('--zero')
  const { answered } = await bench.load.run(running, { seconds: SECONDS, maxRequests: REQUESTS })
  await control('--dump')
  await running.stop()
  const counted = /^summary: (\d+)/m.exec(await readFile(`${out}.1-01`, 'utf8'))?.[1]
  if (counted === undefined) throw new Error('callgrind counted nothing')
  return Number(counted) / answered
}

function wrapped(contestant: Contestant, out: string, prefix: string): Contestant {
  return {
    ...contestant,
    start: (port) => {
      const { command, args, environment } = contestant.start(port)
      const options = [
        '--tool=callgrind',
        '--separate-threads=yes',
        '--smc-check=all-non-file',
        `--callgrind-out-file=${out}`,
      ]
      return {
        command: 'valgrind',
        args: [...options, `--vgdb-prefix=${prefix}`, command, ...args],
        environment: { ...environment, ...NAMES },
      }
    },
  }
}
