import { createServer } from 'node:http'
import { readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'
import { freePort } from '../../prove/support/free-port.ts'
import { newFolder } from '../support/databases.ts'
import { originOf } from '../support/listen.ts'
import { spawnGateway } from '../support/process.ts'

const COMMAND_LINE = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

test.each(['port', 'internal-port', 'simulator-port', 'app-port'])(
  'a demo whose %s is taken names it and all of its ports, and leaves no files',
  async (taken) => {
    const ports = {
      port: await freePort(),
      'internal-port': await freePort(),
      'simulator-port': await freePort(),
      'app-port': await freePort(),
    }
    const used: Record<string, number> = { ...ports, [taken]: Number(new URL(await originOf(createServer())).port) }
    const TMPDIR = await newFolder()
    const options = Object.entries(used).map(([name, port]) => `--${name}=${port}`)
    const demo = spawnGateway({ TMPDIR }, COMMAND_LINE, 'demo', ...options)
    expect(await demo.exited).toBe(2)
    const all = Object.values(used)
      .join(', ')
      .replace(/, (\d+)$/, ' and $1')
    expect(demo.stderr()).toContain(
      `the ports ${all} are needed, and port ${String(used[taken])} is in use; give others`,
    )
    expect(await readdir(TMPDIR)).toEqual([])
  },
)
