import { execFileSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from '@jest/globals'
import * as z from 'zod'
import { readText, readYaml } from '../support/deploy.ts'

const packageShape = z.object({ scripts: z.record(z.string(), z.string()), engines: z.object({ node: z.string() }) })
const { scripts, engines } = packageShape.parse(JSON.parse(readText('package.json')))
const [, oldestNode = ''] = /^>=([\d.]+)$/.exec(engines.node) ?? []
const NODES = z.array(z.string())

const step = z.object({ run: z.string().optional(), uses: z.string().optional(), with: z.unknown().optional() })
const job = z.object({
  steps: z.array(step),
  strategy: z.object({ matrix: z.object({ node: NODES }) }).optional(),
})
const github = readYaml(
  '.github/workflows/ci.yml',
  z.object({ permissions: z.unknown(), jobs: z.object({ run: job, long: job, node: job, image: job }) }),
)
const { node: ofGithub } = github.jobs
const script = z.object({ script: z.array(z.string()) })
const gitlab = readYaml(
  '.gitlab-ci.yml',
  z.object({
    run: script,
    long: script,
    node: script.extend({
      parallel: z.object({ matrix: z.tuple([z.object({ NODE_VERSION: NODES })]) }),
    }),
    image: script,
  }),
)
const commands = {
  '.github/workflows/ci.yml': Object.values(github.jobs).flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? [])),
  '.gitlab-ci.yml': [gitlab.run, gitlab.long, gitlab.node, gitlab.image].flatMap((one) => one.script),
}

/** Programs that the images and runners of these services have, and what a command may begin with. */
const PROGRAMS = ['apt-get', 'docker', 'npm']

/** The program of a command, and its arguments. */
function wordsOf(command: string): string[] {
  return command.replace(/^sudo (?:env "PATH=\$PATH" )?/, '').split(/\s+/)
}

describe.each(['.github/workflows/ci.yml', '.gitlab-ci.yml'] as const)('%s', (file) => {
  const each = commands[file].flatMap((line) => line.split(' && '))

  test('runs only commands that exist', () => {
    for (const command of each) {
      const [program = '', action, name = ''] = wordsOf(command)
      if (program.startsWith('.')) {
        const path = fileURLToPath(new URL(`../../${program}`, import.meta.url))
        expect(() => {
          accessSync(path, constants.X_OK)
        }).not.toThrow()
      } else expect(PROGRAMS).toContain(program)
      if (program === 'npm' && action === 'run') expect(Object.keys(scripts)).toContain(name)
      else if (program === 'npm') expect(action).toBe('ci')
    }
  })

  test('calls .ci/run, which decides, the long tests, and tests of the oldest and the newest Node', () => {
    expect(each.some((command) => command.endsWith('npm run test:long'))).toBe(true)
    expect(each.map((command) => wordsOf(command)[0])).toContain('.ci/run')
    expect(each.some((command) => command.startsWith('npm run test:node -- $'))).toBe(true)
  })

  test('builds the image with labels of the commit, by arguments that the Dockerfile has', () => {
    const build = each.find((command) => command.startsWith('docker build ')) ?? ''
    const names = [...build.matchAll(/--build-arg (\w+)=/g)].map(([, name = '']) => name)
    expect(names).toEqual(['IMAGE_VERSION', 'IMAGE_REVISION', 'IMAGE_SOURCE'])
    for (const name of names) expect(readText('Dockerfile')).toContain(`ARG ${name}=`)
  })

  test('has no secret, and needs none', () => {
    expect(readText(file).replaceAll(/^ *#.*$/gm, '')).not.toMatch(/secrets\.|password|token/i)
  })
})

test('both services test the same versions of Node: the oldest supported one, the one of npm scripts, and the newest', () => {
  const [{ NODE_VERSION: ofGitlab }] = gitlab.node.parallel.matrix
  expect(ofGithub.strategy?.matrix.node).toEqual(ofGitlab)
  expect(ofGitlab[0]).toBe(oldestNode)
  for (const version of [ofGitlab[0], ofGitlab.at(-1)])
    expect(readText('.ci/run')).toContain(`test:node -- ${version ?? ''}`)
})

test('the workflow on GitHub may only read the repository, and leaves no credentials in the checkout', () => {
  expect(github.permissions).toEqual({ contents: 'read' })
  const checkouts = Object.values(github.jobs).flatMap(({ steps }) =>
    steps.filter(({ uses }) => uses?.startsWith('actions/checkout')),
  )
  expect(checkouts.map((one) => one.with)).toEqual(Array.from({ length: 4 }, () => ({ 'persist-credentials': false })))
})

test('the long tests of one folder can be run alone, as CONTRIBUTING.md says', () => {
  const folder = fileURLToPath(new URL('../..', import.meta.url))
  const listed = execFileSync('npm', ['run', '--silent', 'test:long', '--', 'test/page', '--listTests'], {
    cwd: folder,
    encoding: 'utf8',
  })
  const files = listed.split('\n').filter((line) => line.endsWith('.test.ts'))
  expect(files.length).toBeGreaterThan(5)
  for (const file of files) expect(file).toMatch(/\/test\/page\/[\w-]+\.long\.test\.ts$/)
})
