import { describe, expect, test } from '@jest/globals'
import * as z from 'zod'
import { configOf, filledIn, readText, readYaml, variablesOf } from '../support/deploy.ts'

const texts = z.record(z.string(), z.string())
const hardened = {
  read_only: z.literal(true),
  cap_drop: z.tuple([z.literal('ALL')]),
  security_opt: z.tuple([z.literal('no-new-privileges:true')]),
  restart: z.string(),
  stop_grace_period: z.string(),
  networks: z.array(z.string()),
  logging: z.object({ options: z.object({ 'max-size': z.string(), 'max-file': z.string() }) }),
  healthcheck: z.looseObject({ test: z.array(z.string()) }),
  environment: texts,
}
const { services, networks, volumes } = readYaml(
  'compose.yaml',
  z.object({
    services: z.strictObject({
      gateway: z.looseObject({
        ...hardened,
        build: z.object({ context: z.string(), args: texts }),
        env_file: z.literal('.env'),
        depends_on: z.object({ postgres: z.object({ condition: z.string() }) }),
        ports: z.array(z.string()),
        user: z.string(),
      }),
      postgres: z.looseObject({ ...hardened, image: z.string(), volumes: z.array(z.string()) }),
    }),
    networks: z.record(z.string(), z.object({ internal: z.boolean() }).nullable()),
    volumes: z.record(z.string(), z.null()),
  }),
)
const { gateway, postgres } = services
const dockerfile = readText('Dockerfile')

/** Interpolates `${...}` as Compose does. */
function interpolate(text: string, given: Record<string, string>): string {
  return text.replaceAll(/\$\{(\w+):([-?])([^}]*)\}/g, (_, name: string, kind: string, fallback: string) => {
    const value = given[name] ?? ''
    if (value === '' && kind === '?') throw new Error(`${name}: ${fallback}`)
    return value === '' ? fallback : value
  })
}

/** The environment of the gateway with a filled-in .env. */
function environmentOf(more: Record<string, string>) {
  const named: Record<string, string> = {}
  for (const [name, text] of Object.entries(gateway.environment)) named[name] = interpolate(text, more)
  return filledIn({ ...variablesOf(readText('.env.example')), ...more, ...named })
}

describe('compose.yaml', () => {
  test('with a filled-in .env is a configuration that starts, with a store and a port for the services', () => {
    const config = configOf(environmentOf({ POSTGRES_PASSWORD: 'made-by-openssl' }), ['POSTGRES_PASSWORD'])
    expect(config.store?.database).toEqual({
      kind: 'postgres',
      url: 'postgres://gateway:made-by-openssl@postgres:5432/gateway',
      poolSize: 10,
    })
    expect(Object.keys(services)).toContain('postgres')
    expect([config.host, config.port, config.internalPort]).toEqual(['0.0.0.0', 3000, 3001])
  })

  test('does not start without a password for PostgreSQL, and names what is missing', () => {
    expect(() => environmentOf({})).toThrow('POSTGRES_PASSWORD: add it to .env, see the head of compose.yaml')
  })

  test('creates the database that the gateway connects to', () => {
    expect(interpolate(postgres.environment['POSTGRES_PASSWORD'] ?? '', { POSTGRES_PASSWORD: 'p' })).toBe('p')
    expect(postgres.environment).toMatchObject({ POSTGRES_USER: 'gateway', POSTGRES_DB: 'gateway' })
    expect(gateway.depends_on.postgres.condition).toBe('service_healthy')
  })

  test('publishes ports on this machine only, and none of PostgreSQL', () => {
    expect(gateway.ports).toEqual(['127.0.0.1:3000:3000', '127.0.0.1:3001:3001'])
    expect(postgres).not.toHaveProperty('ports')
    expect(postgres.networks).toEqual(['store'])
    expect(networks['store']).toEqual({ internal: true })
  })

  test('gives no service a writable file system or a privilege that it does not need', () => {
    expect(gateway).not.toHaveProperty('cap_add')
    expect(gateway).not.toHaveProperty('volumes')
    for (const { privileged } of [gateway, postgres]) expect(privileged).toBeUndefined()
    expect(gateway.user).toBe(/^USER (\S+)$/m.exec(dockerfile)?.[1])
  })

  test("keeps PostgreSQL's data in a volume", () => {
    expect(postgres.volumes).toEqual(['postgres:/var/lib/postgresql/data'])
    expect(Object.keys(volumes)).toEqual(['postgres'])
  })

  test('waits longer for running work at a stop than the gateway does', () => {
    const config = configOf(environmentOf({ POSTGRES_PASSWORD: 'p' }), ['POSTGRES_PASSWORD'])
    expect(Number(/^(\d+)s$/.exec(gateway.stop_grace_period)?.[1]) * 1000).toBeGreaterThan(
      config.shutdownGraceMs + 5000,
    )
  })

  test('builds the image only with arguments that it has, from a mirror if the environment names one', () => {
    const declared = new Set([...dockerfile.matchAll(/^ARG (\w+)/gm)].map(([, name = '']) => name))
    expect(Object.keys(gateway.build.args).sort()).toEqual([...declared].sort())
    const image = gateway.build.args['NODE_IMAGE'] ?? ''
    expect(interpolate(image, {})).toBe(/^ARG NODE_IMAGE=(.*)$/m.exec(dockerfile)?.[1])
    expect(interpolate(image, { NODE_IMAGE: 'mirror.example/node:24' })).toBe('mirror.example/node:24')
    expect(interpolate(postgres.image, { POSTGRES_IMAGE: 'mirror.example/postgres' })).toBe('mirror.example/postgres')
  })

  test('checks the health of the gateway with the program in the image', () => {
    const [, ...command] = gateway.healthcheck.test
    expect(dockerfile).toContain(`CMD ${JSON.stringify(command).replaceAll(',', ', ')}`)
    expect(dockerfile).toContain('COPY scripts/image/healthcheck.js ./dist/')
  })
})

test('the build of the image finds every file of the checkout that it copies', () => {
  const letIn = Array.from(readText('.dockerignore').matchAll(/^!(.+)$/gm), ([, path = '']) => path)
  const copies = Array.from(dockerfile.matchAll(/^COPY (?!--from)(?:--\S+ )*(.+) \S+$/gm), ([, paths = '']) => paths)
  const copied = copies.flatMap((paths) => paths.split(' '))
  expect(copied).toContain('src')
  const isLetIn = (path: string) =>
    letIn.some((one) => one === path || path.startsWith(`${one}/`) || one.startsWith(`${path}/`))
  expect(copied.filter((path) => !isLetIn(path))).toEqual([])
})
