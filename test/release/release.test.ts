import { execFile } from 'node:child_process'
import { cp, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from '@jest/globals'
import * as z from 'zod'
import { newFolder } from '../support/databases.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
const FILES = ['package.json', 'package-lock.json', '.npmrc', '.gitignore', 'CHANGELOG.md', 'scripts', 'deploy', '.ci']
const versionShape = z.object({ version: z.string() })
const { version: present } = versionShape.parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')))
const next = present.replace(
  /^(\d+)\.(\d+)\.\d+$/,
  (_, major: string, minor: string) => `${major}.${Number(minor) + 1}.0`,
)

/** A repository of its own with what a release reads, committed. */
async function newRepository() {
  const folder = await newFolder()
  for (const file of FILES) await cp(join(root, file), join(folder, file), { recursive: true })
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  const git = async (...args: string[]) => {
    const identity = ['-c', 'user.name=A Maintainer', '-c', 'user.email=maintainer@example.com']
    return (await run('git', [...identity, ...args], { cwd: folder })).stdout.trimEnd()
  }
  await git('init', '--quiet', '--initial-branch', 'main')
  await git('config', 'user.name', 'A Maintainer')
  await git('config', 'user.email', 'maintainer@example.com')
  const read = (name: string) => readFile(join(folder, name), 'utf8')
  const changelog = (await read('CHANGELOG.md')).replace(/^## Unreleased\n/m, '## Unreleased\n\n- A new route.\n')
  await writeFile(join(folder, 'CHANGELOG.md'), changelog)
  await writeFile(join(folder, '.git', 'info', 'exclude'), 'node_modules\n')
  await git('add', '--all')
  await git('commit', '--quiet', '--message', 'Everything before')
  const release = async (...args: string[]) => {
    try {
      const { stdout } = await run(process.execPath, ['scripts/release.ts', ...args], { cwd: folder })
      return { code: 0, text: stdout }
    } catch (error) {
      const { code, stderr } = z.object({ code: z.number(), stderr: z.string() }).parse(error)
      return { code, text: stderr }
    }
  }
  return { folder, git, read, release, tested: ['--tested', await git('rev-parse', 'HEAD')] }
}

describe('npm run release', () => {
  test('cuts the changelog, sets the version everywhere, commits and tags it, and writes the notes and the SBOM', async () => {
    const { git, read, release, tested } = await newRepository()
    expect(await release(next, ...tested)).toMatchObject({
      code: 0,
      text: expect.stringContaining('nothing is published'),
    })

    expect(await git('status', '--porcelain')).toBe('')
    expect(await git('log', '-1', '--format=%s')).toBe(`Release ${next}`)
    expect(await git('rev-parse', `v${next}^{commit}`)).toBe(await git('rev-parse', 'HEAD'))
    expect(await git('tag', '--list', '--format=%(contents)', `v${next}`)).toContain('- A new route.')
    for (const file of ['package.json', 'package-lock.json'])
      expect(versionShape.parse(JSON.parse(await read(file))).version).toBe(next)
    expect(await read('deploy/kubernetes/kustomization.yaml')).toContain(`newTag: ${next}`)
    expect(await read('CHANGELOG.md')).toMatch(
      new RegExp(
        `^## Unreleased\\n\\n## ${next.replaceAll('.', '\\.')} - \\d{4}-\\d\\d-\\d\\d\\n\\n- A new route\\.$`,
        'm',
      ),
    )
    expect(await read(`release/notes-${next}.md`)).toMatch(/^- A new route\.$/m)
    const bom = z.object({ bomFormat: z.string(), metadata: z.object({ component: versionShape }) })
    expect(bom.parse(JSON.parse(await read(`release/sbom-${next}.cdx.json`)))).toEqual({
      bomFormat: 'CycloneDX',
      metadata: { component: { version: next } },
    })
  })

  test('with --dry-run prints the notes and changes nothing', async () => {
    const { git, release } = await newRepository()
    const before = await git('rev-parse', 'HEAD')
    const { code, text } = await release(next, '--dry-run')
    expect([code, text.includes('- A new route.')]).toEqual([0, true])
    expect([await git('rev-parse', 'HEAD'), await git('status', '--porcelain'), await git('tag')]).toEqual([
      before,
      '',
      '',
    ])
  })

  test.each([
    ['.ci/run fails', 'exit 3', 'true'],
    ['the long tests fail', 'true', 'exit 3'],
  ])('releases nothing when %s', async (_, ciRun, long) => {
    const { folder, git, read, release } = await newRepository()
    await writeFile(join(folder, '.ci', 'run'), `#!/bin/sh\n${ciRun}\n`)
    const manifest = (await read('package.json')).replace(/"test:long": ".*",/, `"test:long": "${long}",`)
    await writeFile(join(folder, 'package.json'), manifest)
    await git('commit', '--quiet', '--all', '--message', 'Tests that fail')
    expect((await release(next)).code).toBe(1)
    expect([await git('status', '--porcelain'), await git('tag')]).toEqual(['', ''])
  })

  test('refuses and says why: a version that does not follow, another branch, changes, an old test run, an empty changelog', async () => {
    const { folder, git, read, release, tested } = await newRepository()
    const refusal = async (...args: string[]) => {
      const { code, text } = await release(...args)
      expect(code).toBe(1)
      return text
    }
    expect(await refusal()).toContain('expected one version')
    expect(await refusal('9.9.9', ...tested)).toContain(`version: expected `)
    expect(await refusal(next, '--tested', 'abc')).toContain('--tested: the tests passed for abc, but this is ')
    await writeFile(join(folder, 'stray.txt'), '')
    expect(await refusal(next, ...tested)).toContain('the checkout is not clean; commit or remove:\n?? stray.txt')
    await git('checkout', '--quiet', '-b', 'other')
    expect(await refusal(next, ...tested)).toContain('the current branch is other, not main')
    const changelog = await read('CHANGELOG.md')
    await writeFile(
      join(folder, 'CHANGELOG.md'),
      changelog.slice(0, changelog.indexOf('## Unreleased')) + '## Unreleased\n',
    )
    await git('add', '--all')
    await git('commit', '--quiet', '--message', 'Nothing new')
    expect(await refusal(next, '--branch', 'other', '--dry-run')).toContain('nothing under "## Unreleased"')
    await git('tag', `v${next}`)
    expect(await refusal(next, '--branch', 'other')).toContain(`the tag v${next} exists already`)
  })
})
