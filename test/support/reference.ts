import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import supertest, { type Response } from 'supertest'
import * as z from 'zod'
import { KEYS, startTestGateway } from './gateway.ts'

const content = z.record(z.string(), z.looseObject({ schema: z.unknown() }))
const responseSchema = z.looseObject({
  headers: z.record(z.string(), z.unknown()),
  content: content.optional(),
  'x-codes': z.array(z.string()).optional(),
})
const operationSchema = z.looseObject({
  operationId: z.string(),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  parameters: z.array(z.looseObject({ $ref: z.string().optional() })),
  requestBody: z.looseObject({ content }).optional(),
  responses: z.record(z.string(), responseSchema),
})
const documentSchema = z.looseObject({
  openapi: z.string(),
  paths: z.record(z.string(), z.record(z.string(), operationSchema)),
  webhooks: z.record(z.string(), z.object({ post: operationSchema })),
  components: z.looseObject({
    schemas: z.record(z.string(), z.looseObject({})),
    parameters: z.record(z.string(), z.looseObject({ name: z.string(), schema: z.unknown() })),
    responses: z.record(z.string(), responseSchema),
  }),
  'x-problems': z.record(z.string(), z.object({ status: z.int(), title: z.string(), type: z.string() })),
})

export type ApiDocument = z.infer<typeof documentSchema>
type Operation = z.infer<typeof operationSchema>

const sharedSchema = z.object({ components: z.object({ responses: z.record(z.string(), z.unknown()) }) })

/** The same document with each shared response where it is referred to. */
export function withoutSharedResponses(text: string): string {
  const { responses } = sharedSchema.parse(JSON.parse(text)).components
  return text.replaceAll(/\{"\$ref":"#\/components\/responses\/(\w+)"\}/g, (_, name: string) =>
    JSON.stringify(responses[name]),
  )
}

/** The document as a gateway answers it. */
export async function readDocument(): Promise<ApiDocument> {
  const gateway = await startTestGateway()
  const { text } = await supertest(gateway.url).get('/openapi.json').set('x-api-key', KEYS.caller).expect(200)
  return documentSchema.parse(JSON.parse(withoutSharedResponses(text)))
}

/** Checks bodies and answers by a document's own schemas. */
export function createJudge(document: ApiDocument) {
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true })
  ajv.addSchema({ $id: 'document', components: document.components })
  const compiled = new Map<string, ValidateFunction>()
  const seen = new Set<string>()

  const compile = (schema: unknown) => {
    const text = JSON.stringify(schema)
    const known = compiled.get(text)
    if (known !== undefined) return known
    // Within a schema of its own, the document's references have to name the document.
    const made = ajv.compile(z.looseObject({}).parse(JSON.parse(text.replaceAll('"#/', '"document#/'))))
    compiled.set(text, made)
    return made
  }

  const find = (method: string, path: string): [string, Operation] => {
    const match = Object.entries(document.paths)
      // What is written out goes before what is left open.
      .sort(([one], [other]) => one.split('{').length - other.split('{').length)
      .find(([template, methods]) => method in methods && matches(template, path.split('?')[0] ?? ''))
    const operation = match?.[1][method]
    if (match === undefined || operation === undefined) throw new Error(`${method} ${path} is not documented`)
    return [`${method} ${match[0]}`, operation]
  }

  return {
    /** `<method> <path> <status>` of every answer that was judged. */
    seen,
    takes: (method: string, path: string, body: unknown): boolean => {
      const [, { requestBody }] = find(method, path)
      return compile(requestBody?.content['application/json']?.schema)(body)
    },
    /** What is wrong with a real request to the URL of this variable, by the document. */
    faultsOfWebhook: (variable: string, headers: Readonly<Record<string, unknown>>, text: string): string[] => {
      const operation = document.webhooks[variable]?.post
      const named = operation?.parameters.flatMap(({ $ref }) => document.components.parameters[lastOf($ref)] ?? [])
      if (operation === undefined || named === undefined) throw new Error(`${variable} is not documented`)
      const faults = named.filter(({ name, schema }) => !compile(schema)(headers[name])).map(({ name }) => name)
      const known = new Set(named.map(({ name }) => name))
      const others = Object.keys(headers).filter((name) => name.startsWith('webhook-') && !known.has(name))
      const validate = compile(operation.requestBody?.content['application/json']?.schema)
      const wrong = validate(JSON.parse(text)) ? [] : [`${ajv.errorsText(validate.errors)} in ${text}`]
      return [...faults, ...others, ...wrong]
    },
    /** What is wrong with a real answer, by the document. */
    faultsOf: (method: string, path: string, { status, headers, text }: Response): string[] => {
      const [name, { responses }] = find(method, path)
      const response = responses[String(status)]
      if (response === undefined) return [`${name}: ${status} is not documented: ${text}`]
      seen.add(`${name} ${status}`)
      const type = z.string().catch('').parse(headers['content-type']).split(';')[0] ?? ''
      const faults = undocumented(Object.keys(headers), Object.keys(response.headers)).map(
        (header) => `${name}: ${header}`,
      )
      if (response.content === undefined)
        return text === '' ? faults : [...faults, `${name} ${status}: expected no body`]
      const { schema } = response.content[type] ?? {}
      if (schema === undefined) return [...faults, `${name} ${status}: ${type} is not documented`]
      const validate = compile(schema)
      if (!type.endsWith('json') || validate(JSON.parse(text))) return faults
      return [...faults, `${name} ${status}: ${ajv.errorsText(validate.errors)} in ${text}`]
    },
  }
}

function lastOf(pointer = ''): string {
  return pointer.slice(pointer.lastIndexOf('/') + 1)
}

function matches(template: string, path: string): boolean {
  const steps = path.split('/')
  const expected = template.split('/')
  return steps.length === expected.length && expected.every((step, at) => step.startsWith('{') || step === steps[at])
}

/** What a caller may act on; the protecting headers are for browsers. */
const ACTED_ON = /^(?:x-request-id|retry-after|ratelimit|location|preference-applied|idempotent|www-auth)/i

function undocumented(headers: readonly string[], documented: readonly string[]): string[] {
  const known = new Set(documented.map((name) => name.toLowerCase()))
  return headers.filter((name) => ACTED_ON.test(name) && !known.has(name.toLowerCase()))
}
