import { readdirSync } from 'node:fs'
import { mkdir, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { freePort } from '../../prove/support/free-port.ts'
import { tempFolder } from '../support/command-line.ts'
import { startDev } from '../support/dev.ts'
import { startCommand } from '../support/running-command.ts'

const landingOn = (path: string) => `export default () => ({ url: 'https://app.example.com/${path}' })`

test('a project whose folder is deleted and made again, as a change of branches may do, is loaded again by itself', async () => {
  const dev = await startDev({ 'resolver.mjs': landingOn('one') }, 'resolver.mjs')
  expect(await dev.click()).toMatchObject({ url: 'https://app.example.com/one' })
  await rm(dev.cwd, { recursive: true })
  await dev.printed(/ not loaded /)
  const from = dev.output().length
  await mkdir(join(dev.cwd, 'lib'), { recursive: true })
  await dev.write('lib/path.mjs', `export const path = 'two'`)
  await dev.write('resolver.mjs', `import { path } from './lib/path.mjs'\n${landingOn("' + path + '")}`)
  await dev.printed(/ reloaded /, from)
  expect(await dev.click()).toMatchObject({ url: 'https://app.example.com/two' })
  // The new folders are watched as the first ones were.
  const later = dev.output().length
  await rm(join(dev.cwd, 'lib'), { recursive: true })
  await mkdir(join(dev.cwd, 'lib'))
  await dev.write('lib/path.mjs', `export const path = 'three'`)
  await dev.printed(/ reloaded /, later)
  expect(await dev.click()).toMatchObject({ url: 'https://app.example.com/three' })
  await dev.end()
})

test('the files of a killed `dev` are removed at the next start; those of a running one, and of others, stay', async () => {
  const killed = await startDev({})
  const { temporary } = killed
  const [left = ''] = readdirSync(temporary)
  killed.kill('SIGKILL')
  await killed.exited
  expect(readdirSync(temporary)).toEqual([left])
  const elsewhere = await tempFolder()
  await mkdir(join(temporary, 'kenar-dev-of-nobody'))
  await symlink(elsewhere, join(temporary, 'kenar-dev-link'))
  const start = async () => {
    const ports = ['--port', String(await freePort()), '--simulator-port', String(await freePort())]
    const dev = startCommand(['dev', ...ports], { env: { TMPDIR: temporary } })
    await dev.printed(/Ctrl-C ends it/)
    return dev
  }
  const first = await start()
  const afterFirst = readdirSync(temporary)
  expect(afterFirst).toHaveLength(3)
  expect(afterFirst).not.toContain(left)
  const second = await start()
  expect(readdirSync(temporary)).toEqual(expect.arrayContaining(afterFirst))
  for (const dev of [first, second]) {
    dev.kill('SIGINT')
    expect(await dev.exited).toBe(0)
  }
  expect(readdirSync(temporary).toSorted()).toEqual(['kenar-dev-link', 'kenar-dev-of-nobody'])
})
