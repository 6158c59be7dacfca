import { execFile } from 'node:child_process'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from '@jest/globals'
import { newFolder } from '../support/databases.ts'
import { hasProgram } from '../support/programs.ts'

const run = promisify(execFile)
const file = (name: string) => new URL(`../../${name}`, import.meta.url)

const hasPromtool = await hasProgram('promtool', 'the alert rules are not evaluated (Debian package: prometheus)')
const testWithPromtool = hasPromtool ? test : test.skip

testWithPromtool('each alert fires in its situation and in no other', async () => {
  const folder = await newFolder()
  await copyFile(file('deploy/prometheus/alerts.yaml'), join(folder, 'alerts.yaml'))
  await copyFile(file('test/deploy/alerts.test.yaml'), join(folder, 'alerts.test.yaml'))
  await run('promtool', ['check', 'rules', 'alerts.yaml'], { cwd: folder })
  const { stdout } = await run('promtool', ['test', 'rules', 'alerts.test.yaml'], { cwd: folder })
  expect(stdout).toContain('SUCCESS')
})
