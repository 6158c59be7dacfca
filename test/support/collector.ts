import { createServer } from 'node:http'
import * as z from 'zod'
import { originOf } from './listen.ts'
import { eventually } from './outbox.ts'

const value = z.union([
  z.object({ stringValue: z.string() }).transform(({ stringValue }) => stringValue),
  z.object({ intValue: z.number() }).transform(({ intValue }) => intValue),
])
const attributes = z
  .array(z.object({ key: z.string(), value }))
  .transform((pairs) => Object.fromEntries(pairs.map(({ key, value: one }) => [key, one])))
const span = z.object({
  traceId: z.string().regex(/^[0-9a-f]{32}$/),
  spanId: z.string().regex(/^[0-9a-f]{16}$/),
  parentSpanId: z.string().optional(),
  name: z.string(),
  kind: z.number(),
  attributes,
  status: z.object({ code: z.number() }),
})
type CollectedSpan = z.infer<typeof span>

/** OTLP, as a collector reads it. */
const batch = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes }),
      scopeSpans: z.array(z.object({ spans: z.array(span) })),
    }),
  ),
})

export type TestCollector = {
  url: string
  spans: () => CollectedSpan[]
  /** Resolves with the first span of this name, already there or still to come. */
  find: (name: string) => Promise<CollectedSpan>
  /** Everything received, unparsed: headers and bodies. */
  text: () => string
  resources: () => Record<string, unknown>[]
  /** Every request's path. */
  paths: () => string[]
}

/** A collector on loopback; it answers what `status` says. It is stopped after the tests of the file. */
export async function startCollector(status: () => number | 'nothing' = () => 200): Promise<TestCollector> {
  const spans: CollectedSpan[] = []
  const resources: Record<string, unknown>[] = []
  const paths: string[] = []
  let text = ''
  const url = await originOf(
    createServer((request, response) => {
      let body = ''
      request.setEncoding('utf8').on('data', (chunk) => (body += String(chunk)))
      request.on('end', () => {
        paths.push(request.url ?? '')
        text += `${request.url ?? ''}\n${JSON.stringify(request.headers)}\n${body}\n`
        const answered = status()
        if (answered === 'nothing') return
        if (answered === 200) {
          for (const { resource, scopeSpans } of batch.parse(JSON.parse(body)).resourceSpans) {
            resources.push(resource.attributes)
            spans.push(...scopeSpans.flatMap((scope) => scope.spans))
          }
        }
        response.writeHead(answered, { 'content-type': 'application/json' }).end('{}')
      })
    }),
  )
  return {
    url,
    spans: () => spans,
    find: (name) => eventually(() => Promise.resolve(spans.find((one) => one.name === name)), `a span ${name}`),
    text: () => text,
    resources: () => resources,
    paths: () => paths,
  }
}
