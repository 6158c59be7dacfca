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

testWithPromtool.each(['alerts', 'divar-rule'])(
  'each alert of deploy/prometheus/%s.yaml fires in its situation and in no other',
  async (name) => {
    const folder = await newFolder()
    await copyFile(file(`deploy/prometheus/${name}.yaml`), join(folder, `${name}.yaml`))
    await copyFile(file(`test/deploy/${name}.test.yaml`), join(folder, `${name}.test.yaml`))
    await run('promtool', ['check', 'rules', `${name}.yaml`], { cwd: folder })
    const { stdout } = await run('promtool', ['test', 'rules', `${name}.test.yaml`], { cwd: folder })
    expect(stdout).toContain('SUCCESS')
  },
  // A week of samples.
  120_000,
)
