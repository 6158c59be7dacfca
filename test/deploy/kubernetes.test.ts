import { readdirSync } from 'node:fs'
import { beforeAll, describe, expect, test } from '@jest/globals'
import supertest from 'supertest'
import * as z from 'zod'
import { readConfig, type Environment } from '../../src/config/config.ts'
import { withStore } from '../support/databases.ts'
import { configOf, filledIn, readText, readYaml } from '../support/deploy.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'

const FOLDER = 'deploy/kubernetes'
const texts = z.record(z.string(), z.string())
const read = <Shape>(name: string, shape: z.ZodType<Shape>) => readYaml(`${FOLDER}/${name}`, shape)

const probe = z.object({ httpGet: z.strictObject({ path: z.string(), port: z.string() }), timeoutSeconds: z.number() })
const container = z.looseObject({
  image: z.string(),
  envFrom: z.array(texts.or(z.record(z.string(), texts))),
  ports: z.array(z.object({ name: z.string(), containerPort: z.number() })),
  startupProbe: probe,
  readinessProbe: probe,
  livenessProbe: probe,
  lifecycle: z.object({ preStop: z.object({ exec: z.object({ command: z.array(z.string()) }) }) }),
  resources: z.object({ requests: texts, limits: texts }),
  securityContext: z.unknown(),
})
const pod = z.looseObject({
  securityContext: z.unknown(),
  terminationGracePeriodSeconds: z.number(),
  topologySpreadConstraints: z.array(z.object({ topologyKey: z.string(), labelSelector: z.unknown() })),
  containers: z.tuple([container]),
})
const { metadata, spec } = read(
  'deployment.yaml',
  z.object({
    metadata: z.object({ name: z.string(), labels: texts }),
    spec: z.object({
      replicas: z.number(),
      strategy: z.unknown(),
      selector: z.object({ matchLabels: texts }),
      template: z.object({ metadata: z.object({ labels: texts }), spec: pod }),
    }),
  }),
)
const {
  containers: [gateway],
  ...podSpec
} = spec.template.spec
const { data } = read('configmap.yaml', z.object({ data: texts }))
const { stringData } = read('secret.example.yaml', z.object({ stringData: texts }))

const serviceShape = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.object({
    type: z.literal('ClusterIP'),
    selector: texts,
    ports: z.tuple([z.object({ name: z.string(), targetPort: z.string() })]),
  }),
})
const publicService = read('service.yaml', serviceShape)
const internalService = read('service-internal.yaml', serviceShape)

const path = z.object({
  path: z.string(),
  backend: z.object({ service: z.object({ name: z.string(), port: z.object({ name: z.string() }) }) }),
})
const ingress = read(
  'ingress.example.yaml',
  z.object({
    spec: z.object({
      tls: z.tuple([z.object({ hosts: z.array(z.string()) })]),
      rules: z.tuple([z.object({ host: z.string(), http: z.object({ paths: z.array(path) }) })]),
    }),
  }),
)
const [rule] = ingress.spec.rules

const files = readdirSync(new URL(`../../${FOLDER}`, import.meta.url)).filter((name) => name.endsWith('.yaml'))

const portOf = (name: string) => gateway.ports.find((port) => port.name === name)?.containerPort

describe('the kustomization', () => {
  const { resources, images } = read(
    'kustomization.yaml',
    z.object({
      resources: z.array(z.string()),
      images: z.array(z.looseObject({ name: z.string(), newTag: z.string() })),
    }),
  )

  test('lists every manifest except those that have to be filled in', () => {
    const complete = files.filter((file) => !file.includes('.example.') && file !== 'kustomization.yaml')
    expect([...resources].sort()).toEqual(complete.sort())
  })

  test('sets the image of the Deployment to this version', () => {
    const { version } = z.object({ version: z.string() }).parse(JSON.parse(readText('package.json')))
    expect(images).toMatchObject([{ name: gateway.image, newTag: version }])
  })

  test('sets no namespace', () => {
    for (const file of files) expect(readText(`${FOLDER}/${file}`)).not.toMatch(/^ {0,2}namespace:/m)
  })
})

describe('the ConfigMap and the Secret', () => {
  const environment: Environment = { ...data, ...stringData }

  test('filled in are a configuration that starts, on PostgreSQL, with consent and a port for the services', () => {
    const config = configOf(filledIn(environment))
    expect(config.store?.database.kind).toBe('postgres')
    expect(config.consent?.publicUrl).toBe(`https://${rule.host}`)
    expect([config.port, config.internalPort]).toEqual([portOf('public'), portOf('internal')])
  })

  test('unchanged do not start: every secret in them is public', () => {
    for (const name of Object.keys(stringData))
      expect(() => readConfig(environment)).toThrow(`${name}: still holds the placeholder of .env.example`)
  })

  test('are the whole environment of the container', () => {
    expect(gateway.envFrom).toEqual([{ configMapRef: { name: metadata.name } }, { secretRef: { name: metadata.name } }])
    expect(gateway).not.toHaveProperty('env')
    expect(podSpec).toMatchObject({ enableServiceLinks: false, automountServiceAccountToken: false })
  })
})

describe('the Deployment', () => {
  test('runs two replicas, on separate nodes if possible, and never fewer during an update', () => {
    expect(spec.replicas).toBe(2)
    expect(spec.strategy).toEqual({ type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } })
    expect(podSpec.topologySpreadConstraints).toEqual([
      { topologyKey: 'kubernetes.io/hostname', labelSelector: spec.selector },
    ])
    const budget = read('poddisruptionbudget.yaml', z.object({ spec: z.unknown() }))
    expect(budget.spec).toEqual({ minAvailable: 1, selector: spec.selector })
  })

  test('grants no privileges, no root and no writable file system', () => {
    expect(podSpec.securityContext).toEqual({
      runAsNonRoot: true,
      runAsUser: 1000,
      runAsGroup: 1000,
      seccompProfile: { type: 'RuntimeDefault' },
    })
    expect(gateway.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      privileged: false,
      capabilities: { drop: ['ALL'] },
    })
    for (const name of ['volumes', 'hostNetwork', 'hostPID', 'hostIPC']) expect(podSpec).not.toHaveProperty(name)
    expect(gateway).not.toHaveProperty('volumeMounts')
    expect(gateway.resources.limits).toHaveProperty('memory')
  })

  test('lets proxies notice its end and running work finish', () => {
    const [program, , script = ''] = gateway.lifecycle.preStop.exec.command
    // The image has no shell that anything relies on.
    expect(program).toBe('node')
    const learnMs = Number(/, (\d+)\)$/.exec(script)?.[1])
    const { shutdownGraceMs } = configOf(filledIn({ ...data, ...stringData }))
    expect(podSpec.terminationGracePeriodSeconds * 1000).toBeGreaterThan(learnMs + shutdownGraceMs + 5000)
  })
})

describe('the Services and the Ingress', () => {
  test('select the pods, each on its own port', () => {
    const { selector } = spec
    for (const service of [publicService, internalService]) expect(service.spec.selector).toEqual(selector.matchLabels)
    expect(spec.template.metadata.labels).toMatchObject(selector.matchLabels)
    expect(publicService.spec.ports[0].targetPort).toBe('public')
    expect(internalService.spec.ports[0].targetPort).toBe('internal')
    expect(internalService.metadata.name).not.toBe(publicService.metadata.name)
  })

  test('give Prometheus the address of every replica', () => {
    const { spec: service } = read(
      'service-metrics.yaml',
      serviceShape.extend({ spec: serviceShape.shape.spec.extend({ clusterIP: z.string() }) }),
    )
    expect(service.clusterIP).toBe('None')
    expect(service.selector).toEqual(spec.selector.matchLabels)
    expect(service.ports[0].targetPort).toBe('internal')
  })

  test('expose what Divar and users need, over TLS, and nothing else', () => {
    expect(rule.http.paths.map((one) => one.path)).toEqual([
      '/divar/session',
      '/divar/action',
      '/divar/events',
      '/oauth/',
    ])
    for (const { backend } of rule.http.paths) expect(backend.service.name).toBe(publicService.metadata.name)
    expect(ingress.spec.tls[0].hosts).toEqual([rule.host])
  })

  test('a NetworkPolicy allows only named callers on the internal port', () => {
    const rules = z.array(z.object({ from: z.array(z.unknown()), ports: z.array(z.object({ port: z.string() })) }))
    const { spec: policy } = read(
      'networkpolicy.yaml',
      z.object({ spec: z.looseObject({ podSelector: z.unknown(), policyTypes: z.array(z.string()), ingress: rules }) }),
    )
    expect(policy.podSelector).toEqual(spec.selector)
    expect(policy.policyTypes).toEqual(['Ingress', 'Egress'])
    expect(policy.ingress.map(({ ports }) => ports.map(({ port }) => port))).toEqual([['public'], ['internal']])
    for (const { from } of policy.ingress) expect(from.length).toBeGreaterThan(0)
  })
})

describe('a gateway with this environment', () => {
  let running: TestGateway
  beforeAll(async () => {
    const store = await withStore('sqlite')
    const ports = { HOST: '127.0.0.1', PORT: '0', INTERNAL_PORT: '0' }
    running = await startTestGateway((divarUrl) => ({
      ...filledIn({ ...data, ...stringData }),
      ...store,
      ...ports,
      DIVAR_API_URL: divarUrl,
      DIVAR_V1_API_URL: divarUrl,
      DIVAR_OAUTH_URL: divarUrl,
    }))
  })
  const at = (port: string) => (port === 'public' ? running.url : running.internalUrl)

  test.each(['startupProbe', 'readinessProbe', 'livenessProbe'] as const)('answers the %s', async (name) => {
    const { path, port } = gateway[name].httpGet
    expect((await supertest(at(port)).get(path)).status).toBe(200)
  })

  test('serves the paths of the Ingress, and its internal routes only on the port of the internal Service', async () => {
    const [session, action, events, oauth] = rule.http.paths.map((one) => one.path)
    const outside = supertest(at(publicService.spec.ports[0].targetPort))
    const inside = supertest(at(internalService.spec.ports[0].targetPort))
    expect((await outside.post(session ?? '')).status).toBe(401)
    expect((await outside.post(action ?? '')).status).toBe(401)
    expect((await outside.post(events ?? '')).status).toBe(401)
    expect((await outside.get(`${oauth ?? ''}callback`)).text).toContain('<html')
    expect((await outside.get('/metrics')).status).toBe(404)
    expect((await outside.post('/messages')).status).toBe(404)
    expect((await inside.get('/metrics')).status).toBe(200)
    expect((await inside.post('/messages')).status).toBe(401)
  })
})
