import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from '@jest/globals'
import * as z from 'zod'
import { readText } from '../support/deploy.ts'

const run = promisify(execFile)

const locked = z.object({
  version: z.string().optional(),
  integrity: z.string().optional(),
  resolved: z.string().optional(),
  link: z.boolean().optional(),
  dev: z.boolean().optional(),
  hasInstallScript: z.boolean().optional(),
})
const lockFile = z.object({ lockfileVersion: z.literal(3), packages: z.record(z.string(), locked) })
const { allowScripts, dependencies } = z
  .object({ allowScripts: z.record(z.string(), z.boolean()), dependencies: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readText('package.json')))

/** Of a lock file, all but the package itself, by their paths. */
function packagesOf(path: string) {
  const { packages } = lockFile.parse(JSON.parse(readText(path)))
  return Object.entries(packages).filter(([folder]) => folder !== '')
}

const nameOf = (folder: string) => folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length)

describe.each(['package-lock.json', 'bench/package-lock.json'])('%s', (path) => {
  const packages = packagesOf(path)

  test('pins every package by version and SHA-512', () => {
    expect(packages.length).toBeGreaterThan(0)
    const loose = packages.filter(([, { version, integrity = '' }]) => !version || !/^sha512-\S{86}==$/.test(integrity))
    expect(loose).toEqual([])
  })

  test('uses the configured npm registry for every package, never git, a folder or another address', () => {
    for (const [folder, { link, resolved }] of packages) {
      expect([folder, link]).toEqual([folder, undefined])
      // Most name no address at all (omit-lockfile-registry-resolved).
      if (resolved !== undefined) expect(resolved).toMatch(/^https:\/\/[^/]+\/.*\/-\/[^/]+\.tgz$/)
    }
  })
})

describe('install scripts', () => {
  test("are allowed or denied by name for every package that has one, and only Node's runs", () => {
    const scripted = packagesOf('package-lock.json').filter(([, { hasInstallScript }]) => hasInstallScript)
    const undecided = scripted.map(([folder]) => nameOf(folder)).filter((name) => !(name in allowScripts))
    expect(undecided).toEqual([])
    expect(Object.keys(allowScripts).filter((name) => allowScripts[name])).toEqual(['node'])
  })

  test('are not needed by any runtime dependency: the image is built without them', () => {
    const scripted = packagesOf('package-lock.json').filter(([, { dev, hasInstallScript }]) => !dev && hasInstallScript)
    expect(scripted).toEqual([])
    for (const [install] of readText('Dockerfile').matchAll(/npm ci .*/g)) expect(install).toContain('--ignore-scripts')
  })
})

test('npm run sbom lists every runtime dependency with its version, and no other package', async () => {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const { stdout } = await run('npm', ['run', '--silent', 'sbom'], { cwd: root, maxBuffer: 2 ** 26 })
  const named = z.object({ name: z.string(), version: z.string() })
  const bom = z
    .object({
      bomFormat: z.literal('CycloneDX'),
      metadata: z.object({ component: named }),
      components: z.array(named),
    })
    .parse(JSON.parse(stdout))
  expect(bom.metadata.component.name).toBe('kenar-chat-gateway')
  const runs = packagesOf('package-lock.json').filter(([, { dev }]) => !dev)
  const needed = new Set(runs.map(([folder, { version = '' }]) => `${nameOf(folder)}@${version}`))
  expect(bom.components.map(({ name, version }) => `${name}@${version}`).sort()).toEqual([...needed].sort())
  for (const name of Object.keys(dependencies)) expect(bom.components.map((one) => one.name)).toContain(name)
})
