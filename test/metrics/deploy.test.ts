import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { parse } from 'yaml'
import * as z from 'zod'
import { startConsentGateway } from '../support/consent.ts'
import { metricsOf, namesOf } from '../support/metrics.ts'

const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')

const recordSchema = z.object({
  record: z.string().regex(/^[a-z_]+:kenar_\w+:\w+$/),
  expr: z.string(),
  labels: z.record(z.string(), z.string()).optional(),
})
const alertsSchema = z.object({
  groups: z.array(
    z.object({
      name: z.string(),
      rules: z.array(
        recordSchema.or(
          z.object({
            alert: z.string().regex(/^Kenar\w+$/),
            expr: z.string(),
            for: z
              .string()
              .regex(/^\d+[mh]$/)
              .optional(),
            labels: z.object({ severity: z.enum(['critical', 'warning', 'info']) }),
            annotations: z.object({ summary: z.string(), runbook_url: z.string() }),
          }),
        ),
      ),
    }),
  ),
})
const rules = ['alerts', 'divar-rule'].flatMap((name) =>
  alertsSchema.parse(parse(read(`deploy/prometheus/${name}.yaml`))).groups.flatMap((group) => group.rules),
)
const alerts = rules.flatMap((rule) => ('alert' in rule ? [rule] : []))
const records = rules.flatMap((rule) => ('record' in rule ? [rule] : []))

const dashboardSchema = z.object({
  uid: z.string(),
  title: z.string(),
  templating: z.object({ list: z.array(z.object({ name: z.string(), type: z.string() })) }),
  panels: z.array(
    z.object({
      id: z.number(),
      type: z.string(),
      title: z.string().max(40),
      datasource: z.object({ uid: z.literal('${datasource}') }).optional(),
      targets: z
        .array(z.object({ expr: z.string(), datasource: z.object({ uid: z.literal('${datasource}') }) }))
        .optional(),
    }),
  ),
})
const dashboard = dashboardSchema.parse(JSON.parse(read('deploy/grafana/kenar.json')))
const shown = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))

/** Prometheus makes this one itself. */
const OF_PROMETHEUS = ['up']

/** The metrics that an expression names, recorded ones (`route:name:rate1h`) included: words before a selector, a range or an end, which are no function and no label. */
function metricsIn(expr: string): string[] {
  const bare = expr.replaceAll(/\{[^}]*\}/g, '').replaceAll(/\b(?:by|on|group_left|without) \([^)]*\)/g, '')
  return [...bare.matchAll(/\b[a-z][a-z0-9_:]*\b(?!\s*\()/g)]
    .map(([name]) => name)
    .filter((name) => !NO_METRIC.test(name))
}
const NO_METRIC = /^(?:or|and|by|on|unless|le|d|s|m|h|rate_interval|__rate_interval)$/

let known: Set<string>
beforeAll(async () => {
  // With all that a gateway can have, so that all its metrics are there.
  const gateway = await startConsentGateway(
    {},
    {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
      EVENTS_URL: 'http://127.0.0.1:9',
      DIVAR_SENDS_PER_MINUTE: '60',
      EVENTS_SECRET: `whsec_${Buffer.alloc(32).toString('base64')}`,
    },
  )
  known = namesOf(await metricsOf(gateway))
})

describe('the rules in deploy/prometheus', () => {
  const recorded = records.map(({ record }) => record)

  test.each([
    ...alerts.map(({ alert, expr }) => ({ name: alert, expr })),
    ...records.map(({ record, expr }) => ({ name: record, expr })),
  ])('$name uses existing metrics', ({ expr }) => {
    const asked = metricsIn(expr)
    expect(asked).not.toEqual([])
    for (const name of asked) expect([...known, ...recorded, ...OF_PROMETHEUS]).toContain(name)
  })

  test('each alert links to its section of docs/runbooks.md, and each section has its alert', () => {
    for (const { alert, annotations } of alerts) {
      expect(annotations.runbook_url).toBe(`docs/runbooks.md#${alert.toLowerCase()}`)
    }
    const sections = read('docs/runbooks.md').split(/^### /m).slice(1)
    expect(sections.map((section) => section.split('\n')[0])).toEqual(alerts.map(({ alert }) => alert))
    for (const section of sections) expect(section).toMatch(/\*\*Meaning\.\*\*[^]*\*\*Check\.\*\*[^]*\*\*Fix\.\*\*/)
  })
})

describe('deploy/grafana/kenar.json', () => {
  test('uses existing metrics', () => {
    const asked = shown.flatMap(metricsIn)
    expect(asked.length).toBeGreaterThan(25)
    for (const name of asked) expect([...known, ...records.map(({ record }) => record)]).toContain(name)
  })

  test('shows every metric of the gateway', () => {
    const asked = new Set(shown.flatMap(metricsIn))
    const ours = [...known].filter((name) => name.startsWith('kenar_'))
    expect(ours.filter((name) => !asked.has(name))).toEqual([])
  })

  test('has a variable for the data source and numbers each panel once', () => {
    expect(dashboard.templating.list).toContainEqual(
      expect.objectContaining({ name: 'datasource', type: 'datasource' }),
    )
    const ids = dashboard.panels.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
  })
})

test('docs/metrics.md describes every metric of the gateway and no other', () => {
  const told = [...read('docs/metrics.md').matchAll(/`(kenar_\w+?)(?:\{[^`]*)?`/g)].map(([, name = '']) => name)
  const ours = [...known].filter((name) => name.startsWith('kenar_'))
  const whole = ours.map((name) =>
    name.replace(/^(kenar_(?:resolver|action|divar_request)_seconds)_(?:bucket|sum|count)$/, '$1'),
  )
  expect([...new Set(told)].sort()).toEqual([...new Set(whole)].sort())
})
