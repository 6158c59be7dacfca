/**
 * Prepares a release: `npm run release -- 0.2.0`. It checks the checkout, runs `.ci/run` and the long tests, cuts CHANGELOG.md, sets the version,
 * commits, tags, and writes the notes and the SBOM to the folder `release`. It publishes nothing. CONTRIBUTING.md has the steps before and after it.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import * as z from 'zod'
import { cutVersion } from './release/changelog.ts'
import { requireNextVersion } from './release/version.ts'

const ROOT = join(import.meta.dirname, '..')
const USAGE = `npm run release -- <version> [--dry-run] [--branch <name>] [--tested <commit>]

  --dry-run          checks everything, and changes nothing
  --branch <name>    the branch that is released, main by default
  --tested <commit>  the commit for which .ci/run and the long tests have passed elsewhere; it must be the current one`
const MAX_BYTES = 2 ** 26
const KUSTOMIZATION = 'deploy/kubernetes/kustomization.yaml'

try {
  release()
} catch (error) {
  process.stderr.write(`release: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}

function release(): void {
  const { version, dryRun, branch, tested } = readOptions()
  const commit = git('rev-parse', 'HEAD')
  const present = z.object({ version: z.string() }).parse(JSON.parse(read('package.json'))).version
  requireNextVersion(present, version)
  requireReleasable(version, branch)
  const { changelog, notes } = cutVersion(read('CHANGELOG.md'), version, new Date().toISOString().slice(0, 10))
  runTests(commit, tested, dryRun)
  if (dryRun) {
    say(`v${version} can be released from ${commit}. Its notes:\n\n${notes}`)
    return
  }
  write('CHANGELOG.md', changelog)
  write(KUSTOMIZATION, read(KUSTOMIZATION).replace(`newTag: ${present}`, `newTag: ${version}`))
  run('npm', 'version', version, '--no-git-tag-version')
  const notesFile = writeArtifacts(version, notes)
  git('commit', '--quiet', '--all', '--message', `Release ${version}`)
  git('tag', '--annotate', `v${version}`, '--cleanup=verbatim', '--file', notesFile)
  say(whatIsLeft(version, branch))
}

function readOptions() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      'dry-run': { type: 'boolean', default: false },
      branch: { type: 'string', default: 'main' },
      tested: { type: 'string' },
    },
  })
  const [version, ...others] = positionals
  if (version === undefined || others.length > 0) throw new Error(`expected one version\n\n${USAGE}`)
  return { version, dryRun: values['dry-run'], branch: values.branch, tested: values.tested }
}

function requireReleasable(version: string, branch: string): void {
  const current = git('branch', '--show-current')
  if (current !== branch) throw new Error(`the current branch is ${current || 'none'}, not ${branch} (--branch)`)
  const changes = git('status', '--porcelain')
  if (changes !== '') throw new Error(`the checkout is not clean; commit or remove:\n${changes}`)
  if (git('tag', '--list', `v${version}`) !== '') throw new Error(`the tag v${version} exists already`)
}

function runTests(commit: string, tested: string | undefined, dryRun: boolean): void {
  if (tested !== undefined) {
    if (tested !== commit) throw new Error(`--tested: the tests passed for ${tested}, but this is ${commit}`)
    return
  }
  if (dryRun) {
    say('--dry-run does not run .ci/run and the long tests.')
    return
  }
  execFileSync(join(ROOT, '.ci/run'), { cwd: ROOT, stdio: 'inherit' })
  execFileSync('npm', ['run', 'test:long'], {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, TESTS_REQUIRE_ALL: '1' },
  })
}

/** The folder is ignored by git. */
function writeArtifacts(version: string, notes: string): string {
  mkdirSync(join(ROOT, 'release'), { recursive: true })
  const notesFile = `release/notes-${version}.md`
  write(notesFile, notes)
  write(`release/sbom-${version}.cdx.json`, run('npm', 'run', '--silent', 'sbom'))
  return notesFile
}

function whatIsLeft(version: string, branch: string): string {
  return `Release ${version} is committed and tagged, and nothing is published. What is left, with your addresses:

  git push origin ${branch} v${version}
  docker build --build-arg IMAGE_VERSION=${version} --build-arg IMAGE_REVISION=$(git rev-parse v${version}^{commit}) --build-arg IMAGE_SOURCE=<address of the repository> -t <registry>/kenar-chat-gateway:${version} .
  docker push <registry>/kenar-chat-gateway:${version}
  npm run build && npm publish

The notes and the SBOM are in release/. To undo, before the push: git tag -d v${version} && git reset --hard HEAD~1`
}

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

function write(path: string, text: string): void {
  writeFileSync(join(ROOT, path), text)
}

function git(...args: string[]): string {
  return run('git', ...args).trimEnd()
}

function run(program: string, ...args: string[]): string {
  return execFileSync(program, args, { cwd: ROOT, encoding: 'utf8', maxBuffer: MAX_BYTES })
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
