import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from '@jest/globals'
import * as z from 'zod'
import { freePort } from '../../prove/support/free-port.ts'
import { tempFolder } from './command-line.ts'
import { startCommand } from './running-command.ts'

const clickShape = z.object({ url: z.string().optional(), refusal: z.string().optional() })

/** `dev` in a folder with these files, on free ports. */
export async function startDev(files: Record<string, string>, ...args: string[]) {
  const [cwd, temporary] = [await tempFolder(), await tempFolder()]
  const write = (name: string, text: string) => writeFile(join(cwd, name), text)
  await mkdir(join(cwd, 'lib'))
  for (const [name, text] of Object.entries(files)) await write(name, text)
  const ports = ['--port', String(await freePort()), '--simulator-port', String(await freePort())]
  const dev = startCommand(['dev', ...args, ...ports], { cwd, env: { TMPDIR: temporary } })
  const [, simulator = ''] = await dev.printed(/Open (http:\S+) in a browser/)
  await dev.printed(/Ctrl-C ends it/)
  return {
    ...dev,
    cwd,
    temporary,
    write,
    simulator,
    click: async (side = 'buyer') => {
      const body = JSON.stringify({ side })
      const answer = await fetch(`${simulator}/simulator/clicks`, { method: 'POST', body })
      return clickShape.parse(await answer.json())
    },
    timeline: async () => {
      const state: unknown = await (await fetch(`${simulator}/simulator/state`)).json()
      return z.object({ timeline: z.array(z.looseObject({ kind: z.string() })) }).parse(state).timeline
    },
    end: async () => {
      dev.kill('SIGINT')
      expect(await dev.exited).toBe(0)
    },
  }
}
