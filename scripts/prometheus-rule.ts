/**
 * Writes the rules of deploy/prometheus as a PrometheusRule for Kubernetes: `npm run rules`. Run it after a change of these rules;
 * test/deploy/monitoring.test.ts fails otherwise.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import * as z from 'zod'

const ROOT = join(import.meta.dirname, '..')
const SOURCES = ['deploy/prometheus/alerts.yaml', 'deploy/prometheus/divar-rule.yaml']
const TARGET = join(ROOT, 'deploy/kubernetes/monitoring/prometheusrule.yaml')
const HEAD = `# Written by \`npm run rules\` from deploy/prometheus. Change the rules there.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: kenar-chat-gateway
  labels: { app.kubernetes.io/name: kenar-chat-gateway }
spec:
  groups:
`

const shape = z.object({ groups: z.array(z.unknown()) })
const groups = SOURCES.map((source) => {
  const text = readFileSync(join(ROOT, source), 'utf8')
  // A file of another form would become a wrong manifest.
  shape.parse(parse(text))
  const lines = text.slice(text.indexOf('\ngroups:\n') + '\ngroups:\n'.length).split('\n')
  return lines.map((line) => (line === '' ? line : `  ${line}`)).join('\n')
})
writeFileSync(TARGET, HEAD + groups.join(''))
