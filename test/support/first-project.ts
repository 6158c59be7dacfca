import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from '@jest/globals'
import { freePort } from '../../prove/support/free-port.ts'
import { startCommand } from './running-command.ts'

/** Node's warning of a file whose kind package.json does not say. */
const TYPELESS = 'MODULE_TYPELESS_PACKAGE_JSON'

/** The first hour with an installed package: init, the test that it writes, dev to the first landing, start. */
export async function beginProject(projects: string, language: string): Promise<void> {
  const cwd = join(projects, `first-${language}`)
  const where = { cwd, program: join(projects, 'node_modules', 'kenar-chat-gateway', 'dist', 'cli', 'main.js') }
  mkdirSync(cwd)
  writeFileSync(join(cwd, 'package.json'), '{}')
  const init = startCommand(['init', ...(language === 'js' ? ['--js'] : [])], where)
  expect([await init.exited, init.output()]).toEqual([0, expect.stringMatching(/written +\.env\n/)])
  const [, file = ''] = await init.printed(/^ +node --test (resolver\.test\.\w+)$/m)
  const tested = spawnSync(process.execPath, ['--test', file], { cwd, encoding: 'utf8' })
  expect([tested.status, tested.stdout]).toEqual([0, expect.stringMatching(/pass 2/)])
  expect(tested.stdout + tested.stderr).not.toContain(TYPELESS)

  const ports = ['--port', String(await freePort()), '--simulator-port', String(await freePort())]
  const dev = startCommand(['dev', `resolver.m${language}`, ...ports], where)
  const [, simulator = ''] = await dev.printed(/Open (http:\S+)[^]*Ctrl-C ends it/)
  const body = JSON.stringify({ side: 'seller' })
  const click = await fetch(`${simulator}/simulator/clicks`, { method: 'POST', body })
  expect(await click.json()).toMatchObject({ url: 'https://app.example.com/start?as=seller' })
  dev.kill('SIGINT')
  expect(await dev.exited).toBe(0)

  const gateway = startCommand(['start'], { ...where, env: { PORT: '0' } })
  await gateway.printed(/"event":"gateway.started"/)
  gateway.kill('SIGTERM')
  expect(await gateway.exited).toBe(0)
  expect(gateway.output()).not.toContain(TYPELESS)
}
