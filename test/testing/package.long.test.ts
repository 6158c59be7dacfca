import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as z from 'zod'
import { freePort } from '../../prove/support/free-port.ts'
import { startCollector } from '../support/collector.ts'
import { runCli } from '../support/command-line.ts'
import { beginProject } from '../support/first-project.ts'
import { withConsent } from '../support/consent.ts'
import { DATABASES, TEST_KEY } from '../support/databases.ts'
import { environment, KEYS, startTestGateway } from '../support/gateway.ts'
import {
  compileProjects,
  COMPILERS,
  FRAMEWORKS,
  installPackage,
  runProject,
  type Project,
} from '../support/test-kit-projects.ts'
import { ask, queue, chatMessage, spawnReachable, startDivar, textsReceivedBy, until } from '../support/outbox.ts'
import { BAD_MESSAGE, commandLinePage } from '../support/command-line-page.ts'
import { printedCommands, readPage, runPrinted, startPrinted, withoutIds } from '../support/printed-commands.ts'
import { spawnGateway } from '../support/process.ts'
import { resolverFile } from '../support/resolvers.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
let home = ''

const run = (command: string, ...args: string[]) =>
  spawnSync(command, args, { cwd: home, encoding: 'utf8', env: { ...process.env, DIVAR_IDENTIFICATION_KEY: 'canary' } })

const main = () => join(home, 'dist', 'main.js')

const COPIED =
  'package.json tsconfig.json tsconfig.build.json tsconfig.commonjs.json tsconfig.page.json .env.example scripts src docs examples'

/** The package as `npm run build` makes it, in a folder of its own that still finds the packages of the checkout. */
beforeAll(() => {
  home = mkdtempSync(join(root, 'dist-'))
  for (const name of COPIED.split(' ')) {
    cpSync(join(root, name), join(home, name), { recursive: true })
  }
  const { status, stdout, stderr } = run('npm', 'run', '--silent', 'build')
  expect([status, stdout + stderr]).toEqual([0, expect.any(String)])
}, 120_000)
afterAll(() => {
  rmSync(home, { recursive: true })
})

describe('the built package', () => {
  test.each([
    ['examples/inspection/README.md', /pass 4[^]*inspect\.example\.com\/book/],
    ['examples/actions/README.md', /pass 3/],
  ])('runs the commands of %s as printed: the tests of the sample', async (page, expected) => {
    const [{ command } = { command: '' }] = printedCommands(readPage(page))
    // Built above.
    const { code, output } = await runPrinted(command.replace('npm run build\n', ''), home)
    expect([code, output]).toEqual([0, expect.stringMatching(expected)])
  })

  test('has its routes described in both languages', () => {
    rmSync(join(home, 'scripts'), { recursive: true })
    const { openapi, pages } = z
      .object({ openapi: z.object({ en: z.string() }), pages: z.object({ fa: z.record(z.string(), z.string()) }) })
      .parse(JSON.parse(readFileSync(join(home, 'dist', 'reference.json'), 'utf8')))
    expect(JSON.parse(openapi.en)).toMatchObject({ openapi: '3.1.1' })
    expect(pages.fa['messages']).toContain('<html lang="fa" dir="rtl"')
  })

  test('starts without a flag, from unbundled files, so that stack traces are readable', async () => {
    const count = `import { registerHooks } from 'node:module'
      const files = new Set()
      registerHooks({ load: (url, context, next) => (files.add(url), next(url, context)) })
      process.on('exit', () => process.stderr.write([...files].join('\\n')))`
    const gateway = spawnGateway(environment(), '--import', `data:text/javascript,${encodeURIComponent(count)}`, main())
    await gateway.started
    gateway.kill('SIGTERM')
    expect(await gateway.exited).toBe(0)
    const dist = pathToFileURL(join(home, 'dist/')).href
    const built = gateway
      .stderr()
      .split('\n')
      .flatMap((url) => (url.startsWith(dist) ? [url.slice(dist.length)] : []))
    expect(built).toContain('app/run.js')
    expect(built.filter((file) => !existsSync(join(home, 'src', file.replace(/\.js$/, '.ts'))))).toEqual([])
  })

  test.each(DATABASES)('loads its optional modules, with %s', async (kind) => {
    const [divar, collector] = [await startDivar(), await startCollector()]
    const more = { ...(await withConsent(divar.url, { on: kind })), OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }
    const gateway = await spawnReachable(divar, more, main())
    await until(gateway, await queue(gateway, chatMessage('c-1', 'hello')), 'delivered')
    expect(textsReceivedBy(divar)).toEqual(['hello'])
    for (const path of ['/metrics', '/openapi.json', '/grants?user_id=u-1']) {
      expect([path, (await ask(gateway, path)).status]).toEqual([path, 200])
    }
    gateway.kill('SIGTERM')
    expect(await gateway.exited).toBe(0)
    expect(collector.spans().length).toBeGreaterThan(0)
    expect(gateway.stderr()).toBe('')
  })

  test('reports errors of its optional modules', async () => {
    const store = { DATABASE_URL: 'postgres://gateway@127.0.0.1:1/gateway', TOKEN_ENCRYPTION_KEY: TEST_KEY }
    const away = spawnGateway({ ...environment(), ...store }, main())
    expect(await away.exited).toBe(75)
    expect(away.stderr()).toContain('nothing listens at its address (ECONNREFUSED)')
    const file = await resolverFile('export default 1')
    const misled = spawnGateway({ ...environment(), RESOLVER: 'module', RESOLVER_MODULE: file }, main())
    expect(await misled.exited).toBe(78)
    expect(misled.stderr()).toContain(file)
  })

  test('has the command line', () => {
    const { status, stdout } = run(
      process.execPath,
      'dist/cli/main.js',
      'try',
      'examples/inspection/resolver.mjs',
      '--click',
      'v1-location',
    )
    expect([status, stdout]).toEqual([
      0,
      expect.stringContaining('https://inspect.example.com/book?id=A-1029&at=35.7219%2C51.3347&as=buyer'),
    ])
  })

  test("has the simulator's page, compiled", () => {
    const script = `
      const { startSimulator } = await import('./dist/simulator/simulator.js')
      const { url, close } = await startSimulator({ apiKey: 'x' })
      for (const path of ['/', '/page/main.js', '/ui/tokens.css', '/fonts/vazirmatn-arabic-wght-normal.woff2']) {
        const answer = await fetch(url + path)
        console.log(answer.status, answer.headers.get('content-type'), (await answer.text()).includes('/page/main.js'))
      }
      await close()`
    const { stdout, stderr } = run(process.execPath, '--input-type=module', '-e', script)
    expect([stdout.trim().split('\n'), stderr]).toEqual([
      [
        '200 text/html; charset=utf-8 true',
        '200 text/javascript; charset=utf-8 false',
        '200 text/css; charset=utf-8 false',
        '200 font/woff2 false',
      ],
      '',
    ])
  })

  describe('has the commands of docs/command-line.md, which', () => {
    const { gateway, simulator, commands, asPrinted } = commandLinePage()
    const ports = { gateway: 0, simulator: 0 }
    const runnable = (command = '') => asPrinted(command, ports)
    const running: { stop: () => Promise<unknown> }[] = []
    beforeAll(async () => {
      mkdirSync(join(home, 'messages'))
      cpSync(join(home, 'examples', 'message.json'), join(home, 'messages', 'grid.json'))
      writeFileSync(join(home, 'bad.json'), JSON.stringify(BAD_MESSAGE))
      ports.gateway = await freePort()
      ports.simulator = await freePort()
      running.push(await startPrinted(runnable(simulator), home, {}, 'Open http'))
      const more = { PORT: String(ports.gateway), HOST: '127.0.0.1' }
      running.push(await startPrinted(runnable(gateway), home, more, '"gateway.started"'))
    }, 120_000)
    afterAll(() => Promise.all(running.map(({ stop }) => stop())))

    test.each(printedCommands(readPage('docs/simulator.md')).map(({ command }) => [command]))(
      'start the simulator, and so do those of docs/simulator.md: %s',
      async (command) => {
        const port = await freePort()
        const printed = runnable(command).replaceAll(/--port \d+$/gm, `--port ${port}`)
        const { stop } = await startPrinted(printed, home, {}, 'Open http')
        await stop()
      },
      60_000,
    )

    // `dev` runs until it is stopped: the tests of the installed package start it.
    const others = commands.filter(({ command }) => command !== simulator && !command.includes(' dev '))
    test.each(others.map(({ command, output }) => [command.split('\n').join(' '), command, output]))(
      'print the output shown below them: %s',
      async (_, command = '', output) => {
        const more = { GATEWAY_URL: `http://127.0.0.1:${ports.gateway}` }
        const ran = await runPrinted(runnable(command), home, more)
        // The file with faults.
        expect(ran.code).toBe(command.includes('bad.json') ? 1 : 0)
        if (output !== undefined) expect(withoutIds(ran.output)).toContain(withoutIds(output))
      },
      120_000,
    )
  })

  describe('installed from its archive', () => {
    let projects = ''
    beforeAll(async () => {
      projects = join(home, 'projects')
      await installPackage(home, projects)
    }, 120_000)

    test.each(Object.entries<Project>(FRAMEWORKS))(
      'has a test kit that works in %s',
      async (name, project) => {
        expect(await runProject(projects, name, project)).toEqual({
          status: 0,
          output: expect.stringMatching(/\b3 passed|pass 3/),
        })
      },
      120_000,
    )

    test.each(['ts', 'js'])(
      'begins a project (%s): init writes a resolver whose test passes, dev lands where it says, start runs with .env',
      (language) => beginProject(projects, language),
      120_000,
    )

    describe('has types', () => {
      let compiled: Awaited<ReturnType<typeof compileProjects>>
      beforeAll(async () => {
        compiled = await compileProjects(projects)
      }, 120_000)

      test.each(Object.keys(COMPILERS))('for %s', (name) => {
        expect(compiled.errorsOf(name)).toEqual([])
      })

      test('for all of these, without another error', () => {
        expect(compiled).toMatchObject({ status: 0, output: '' })
      })
    })
  })
})

test('the sample session replays without differences on a gateway with its resolver, and not with another', async () => {
  const session = join(root, 'examples/inspection/session')
  const replay = (url: string) => runCli('replay', session, '--assert', '--url', url, '--key', KEYS.identification)
  const module = { RESOLVER: 'module', LANDING_URL_TEMPLATE: undefined }
  const own = await startTestGateway({ ...module, RESOLVER_MODULE: join(root, 'examples/inspection/resolver.mjs') })
  expect((await replay(own.url)).code).toBe(0)
  const changed = await resolverFile(`export default () => ({ url: 'https://inspect.example.com/elsewhere' })`)
  const other = await startTestGateway({ ...module, RESOLVER_MODULE: changed })
  expect((await replay(other.url)).code).toBe(1)
})
