import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as z from 'zod'
import { readConfig, type Environment } from '../../src/config/config.ts'
import { SECRETS } from '../../src/config/secret-files.ts'
import { filledIn, readText, readYaml, variablesOf } from '../support/deploy.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kenar-secrets-'))
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

const filled = filledIn(variablesOf(readText('.env.example')))
const texts = z.record(z.string(), z.string())

/** The environment with files in the place of secrets, which are then no variables of their own. */
function withFiles(plain: Environment, files: Record<string, string>): Environment {
  const inFiles = Object.entries(files).map(([variable, path]) => {
    const name = variable.replace(/_FILE$/, '')
    const file = join(folder, path.slice(path.lastIndexOf('/') + 1))
    writeFileSync(file, `${plain[name] ?? ''}\n`)
    return { name, variable, file }
  })
  const secrets = new Set(inFiles.map(({ name }) => name))
  return {
    ...Object.fromEntries(Object.entries(plain).filter(([name]) => !secrets.has(name))),
    ...Object.fromEntries(inFiles.map(({ variable, file }) => [variable, file])),
  }
}

test('.env.example names every secret that can be in a file', () => {
  const head = readText('.env.example').split('\n\n')[0] ?? ''
  for (const name of SECRETS) expect(head).toMatch(new RegExp(`\\b${name}\\b`))
})

describe('deploy/compose.secrets.yaml', () => {
  const { services, secrets } = readYaml(
    'deploy/compose.secrets.yaml',
    z.strictObject({
      services: z.strictObject({
        gateway: z.strictObject({ environment: texts, secrets: z.array(z.string()) }),
      }),
      secrets: z.record(z.string(), z.strictObject({ file: z.string() })),
    }),
  )
  const { gateway } = services

  test('mounts each secret that a variable names, and no other', () => {
    const paths = Object.values(gateway.environment)
    expect(paths).toEqual(gateway.secrets.map((name) => `/run/secrets/${name}`))
    expect(secrets).toEqual(Object.fromEntries(gateway.secrets.map((name) => [name, { file: `./secrets/${name}` }])))
  })

  test('with the keys in files is the same configuration as with the keys in .env', () => {
    const plain = { ...filled, DATABASE_URL: 'postgres://gateway:made@postgres:5432/gateway' }
    expect(readConfig(withFiles(plain, gateway.environment))).toEqual(readConfig(plain))
  })
})

describe('deploy/kubernetes/secret-files.example.yaml', () => {
  const container = z.strictObject({
    name: z.literal('gateway'),
    envFrom: z.tuple([z.strictObject({ configMapRef: z.strictObject({ name: z.string() }) })]),
    env: z.array(z.strictObject({ name: z.string(), value: z.string() })),
    volumeMounts: z.tuple([z.strictObject({ name: z.string(), mountPath: z.string(), readOnly: z.literal(true) })]),
  })
  const patch = readYaml(
    'deploy/kubernetes/secret-files.example.yaml',
    z.looseObject({
      spec: z.object({
        template: z.object({
          spec: z.strictObject({
            securityContext: z.strictObject({ fsGroup: z.number() }),
            containers: z.tuple([container]),
            volumes: z.tuple([
              z.strictObject({
                name: z.string(),
                secret: z.strictObject({ secretName: z.string(), defaultMode: z.number() }),
              }),
            ]),
          }),
        }),
      }),
    }),
  )
  const {
    containers: [{ env, envFrom, volumeMounts }],
    volumes: [volume],
  } = patch.spec.template.spec
  const { metadata, stringData } = readYaml(
    'deploy/kubernetes/secret.example.yaml',
    z.object({ metadata: z.object({ name: z.string() }), stringData: texts }),
  )
  const { data } = readYaml('deploy/kubernetes/configmap.yaml', z.object({ data: texts }))

  test('mounts every key of the Secret as the file that its variable names', () => {
    const [mount] = volumeMounts
    expect([volume.name, volume.secret.secretName]).toEqual([mount.name, metadata.name])
    const expected = Object.keys(stringData).map((name) => ({
      name: `${name}_FILE`,
      value: `${mount.mountPath}/${name}`,
    }))
    expect(env.toSorted(byName)).toEqual(expected.toSorted(byName))
  })

  test('puts no secret into the environment, and is the same configuration as with the keys there', () => {
    expect(envFrom).toEqual([{ configMapRef: { name: metadata.name } }])
    const plain = filledIn({ ...data, ...stringData, TRUST_PROXY: '1' })
    const inFiles = withFiles(plain, Object.fromEntries(env.map(({ name, value }) => [name, value])))
    expect(Object.keys(inFiles).filter((name) => SECRETS.includes(name))).toEqual([])
    expect(readConfig(inFiles)).toEqual(readConfig(plain))
  })

  function byName({ name: one }: { name: string }, { name: other }: { name: string }): number {
    return one < other ? -1 : 1
  }
})

test('the systemd unit shows a credential for each secret without which it does not start', () => {
  const unit = readText('deploy/systemd/kenar-chat-gateway.service')
  const credentials = variablesOf(unit, /^#LoadCredential=([\w-]+):(.*)$/gm)
  const variables = variablesOf(unit, /^#Environment=([A-Z_]+)=%d\/(.*)$/gm)
  expect(Object.values(variables)).toEqual(Object.keys(credentials))
  const plain = { ...filled, DATABASE_URL: 'file:gateway.db' }
  expect(readConfig(withFiles(plain, variables))).toEqual(readConfig(plain))
})
