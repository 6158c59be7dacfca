import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from '@jest/globals'
import { parseAllDocuments } from 'yaml'
import * as z from 'zod'
import { readYaml } from '../support/deploy.ts'
import { isInstalled } from '../support/programs.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
const FOLDER = 'deploy/kubernetes/monitoring'
const groups = z.array(z.unknown())
const texts = z.record(z.string(), z.string())

test('the PrometheusRule has the rules of deploy/prometheus: run `npm run rules` after a change', () => {
  const files = ['alerts', 'divar-rule'].map((name) => `deploy/prometheus/${name}.yaml`)
  const expected = files.flatMap((file) => readYaml(file, z.object({ groups })).groups)
  expect(readYaml(`${FOLDER}/prometheusrule.yaml`, z.object({ spec: z.object({ groups }) })).spec.groups).toEqual(
    expected,
  )
})

test('the PodMonitor scrapes the port of the internal routes of the pods that the Deployment makes', () => {
  const { spec } = readYaml(
    `${FOLDER}/podmonitor.yaml`,
    z.object({
      spec: z.object({
        selector: z.object({ matchLabels: texts }),
        podMetricsEndpoints: z.tuple([z.object({ port: z.string(), path: z.literal('/metrics') })]),
      }),
    }),
  )
  const container = z.object({ ports: z.array(z.object({ name: z.string() })) })
  const template = z.object({
    metadata: z.object({ labels: texts }),
    spec: z.object({ containers: z.tuple([container]) }),
  })
  const deployment = readYaml('deploy/kubernetes/deployment.yaml', z.object({ spec: z.object({ template }) }))
  const { metadata, spec: pod } = deployment.spec.template
  expect(metadata.labels).toMatchObject(spec.selector.matchLabels)
  expect(pod.containers[0].ports.map(({ name }) => name)).toContain(spec.podMetricsEndpoints[0].port)
})

test('the NetworkPolicy allows DNS in the cluster and on the node, Divar, PostgreSQL and a collector, and never the metadata service', () => {
  const block = z.object({ cidr: z.string(), except: z.array(z.string()).optional() })
  const peer = z.object({ ipBlock: block.optional() })
  const rule = z.object({ to: z.array(peer).default([]), ports: z.array(z.object({ port: z.number() })) })
  const { spec } = readYaml(
    'deploy/kubernetes/networkpolicy.yaml',
    z.object({ spec: z.object({ egress: z.array(rule) }) }),
  )
  expect(spec.egress.map(({ ports }) => [...new Set(ports.map(({ port }) => port))])).toEqual([
    [53],
    [443],
    [5432],
    [4318],
  ])
  const blocks = spec.egress.flatMap(({ to }) => to.flatMap(({ ipBlock }) => ipBlock ?? []))
  expect(blocks).toEqual([{ cidr: '169.254.20.10/32' }, { cidr: '0.0.0.0/0', except: ['169.254.0.0/16'] }])
})

const testWithKubectl = (await isInstalled('kubectl')) ? test : test.skip

testWithKubectl.each([
  [
    'deploy/kubernetes',
    ['ConfigMap', 'Deployment', 'NetworkPolicy', 'PodDisruptionBudget', 'Service', 'Service', 'Service'],
  ],
  [FOLDER, ['PodMonitor', 'PrometheusRule']],
])('kubectl builds %s', async (folder, kinds) => {
  const { stdout } = await run('kubectl', ['kustomize', folder], { cwd: root })
  const built = parseAllDocuments(stdout).map((document) => z.object({ kind: z.string() }).parse(document.toJS()).kind)
  expect(built.sort()).toEqual(kinds)
})
