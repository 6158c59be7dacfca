import type { JsonObject } from '../../src/base/strict-json.ts'
import { faultStatus, type FaultCode } from '../../src/base/fault.ts'
import { queryParameters, refTo, schemaComponents, type BodyName } from './components.ts'
import { bodyExamples } from './examples.ts'
import { headers, parameters, type HeaderName, type ParameterName } from './headers.ts'
import type { Answer, Operation } from './operation.ts'
import { describeCalls } from './platform-calls.ts'
import { consent } from './operations/consent.ts'
import { dynamicAction, session, upkeep } from './operations/edge.ts'
import { events } from './operations/events.ts'
import { sends } from './operations/sends.ts'
import { storedMessages } from './operations/stored-messages.ts'
import { subscriptions } from './operations/subscriptions.ts'
import { security, securitySchemes, SECTIONS } from './sections.ts'
import type { Language } from './text.ts'
import { describeWebhooks } from './webhooks.ts'

const OPERATIONS: readonly Operation[] = [
  ...sends,
  ...storedMessages,
  ...consent,
  session,
  dynamicAction,
  events,
  ...subscriptions,
  ...upkeep,
]

/** Headers of errors. */
const HEADERS_OF: Partial<Record<FaultCode, readonly HeaderName[]>> = {
  idempotency_key_running: ['Retry-After'],
  too_many_wrong_keys: ['Retry-After', 'RateLimit', 'RateLimit-Policy'],
  too_many_sends: ['Retry-After', 'RateLimit', 'RateLimit-Policy'],
  rate_limited: ['Retry-After'],
  queue_full: ['Retry-After', 'RateLimit', 'RateLimit-Policy'],
  too_many_consents: ['Retry-After'],
  store_unavailable: ['Retry-After'],
  platform_unavailable: ['Retry-After'],
  overloaded: ['Retry-After'],
  events_queue_full: ['Retry-After'],
}

/** The OpenAPI 3.1 document. It has every route: one that is not configured answers 501. */
export function describeApi(version: string, language: Language): JsonObject {
  const { paths: platformPaths, responses } = describeCalls(language)
  const paths: Record<string, JsonObject> = {}
  for (const operation of OPERATIONS) {
    paths[operation.path] = { ...paths[operation.path], [operation.method]: describe(operation, language) }
  }
  return {
    openapi: '3.1.1',
    info: { title: 'Kenar chat gateway', version, license: { name: 'MIT', identifier: 'MIT' } },
    servers: [{ url: '/' }],
    tags: Object.entries(SECTIONS).map(([name, text]) => ({ name, description: text[language] })),
    paths: { ...paths, ...platformPaths },
    webhooks: describeWebhooks(language),
    components: {
      responses,
      schemas: schemaComponents(),
      parameters: mapValues(parameters, ({ text, name, ...rest }, key) => ({
        name: name ?? key,
        ...rest,
        ...(rest.in === 'path' && { required: true }),
        description: text[language],
      })),
      headers: mapValues(headers, ({ text, schema }) => ({ description: text[language], schema })),
      securitySchemes: securitySchemes(language),
    },
    'x-problems': mapValues(faultStatus, ({ status, title }, code) => ({ status, title, type: `/docs#${code}` })),
  }
}

function describe(operation: Operation, language: Language): JsonObject {
  const { id, asker, section, summary, more, parameters: named = [], query, bodies } = operation
  const inQuery = query === undefined ? [] : queryParameters(query).map((one) => ({ ...one, in: 'query' }))
  return {
    operationId: id,
    tags: [section],
    summary: summary[language],
    ...(more && { description: more[language] }),
    security: security(asker, operation.permissions),
    parameters: [...named.map(refToParameter), ...inQuery],
    ...(bodies && {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: oneOf(bodies.map(refTo)), examples: examplesOf(bodies) } },
      },
    }),
    responses: { ...describeAnswers(operation, language), ...describeRefusals(operation, language) },
  }
}

function examplesOf(bodies: readonly BodyName[]): JsonObject {
  return Object.fromEntries(bodies.map((name) => [name, { value: bodyExamples[name] ?? {} }]))
}

function describeAnswers({ answers }: Operation, language: Language): JsonObject {
  return mapValues(answers, ({ text, schema, type, types = type ? [type] : [], headers: named = [] }: Answer) => ({
    description: text[language],
    headers: refToHeaders(named),
    ...(schema && { content: { 'application/json': { schema: refTo(schema) } } }),
    ...(types.length > 0 && {
      content: Object.fromEntries(
        types.map((one) => [one, { schema: { type: one === 'application/json' ? 'object' : 'string' } }]),
      ),
    }),
  }))
}

/** One response for each status, with its possible codes. */
function describeRefusals(operation: Operation, language: Language): JsonObject {
  const { asker, permissions, refusal, isPlatforms = false } = operation
  const codes = new Set(permissions ? [...operation.codes, 'not_allowed' as const] : operation.codes)
  const byStatus = Map.groupBy(codes, (code) => faultStatus[code].status)
  const described = [...byStatus].map(([status, same]) => {
    const named = new Set(same.flatMap((code) => HEADERS_OF[code] ?? []))
    return [
      String(status),
      {
        description: same.map((code) => `${code}${language === 'en' ? `: ${faultStatus[code].title}` : ''}`).join('; '),
        headers: refToHeaders(asker === 'divar' ? [] : [...named]),
        content: refusal ? refusalOf(refusal) : isPlatforms ? platformError : problemOf(status, same),
        'x-codes': same,
      },
    ] as const
  })
  return Object.fromEntries(described)
}

function refusalOf(name: NonNullable<Operation['refusal']>): JsonObject {
  return { 'application/json': { schema: refTo(name) } }
}

const platformError: JsonObject = { 'application/json': { schema: refTo('PlatformError') } }

function problemOf(status: number, codes: readonly FaultCode[]): JsonObject {
  const narrowed = { properties: { status: { const: status }, code: { enum: codes } } }
  return { 'application/problem+json': { schema: { allOf: [refTo('Problem'), narrowed] } } }
}

function refToParameter(name: ParameterName): JsonObject {
  return { $ref: `#/components/parameters/${name}` }
}

function refToHeaders(names: readonly HeaderName[]): JsonObject {
  const all: HeaderName[] = ['x-request-id', ...names]
  return Object.fromEntries(all.map((name) => [name, { $ref: `#/components/headers/${name}` }]))
}

function oneOf(schemas: readonly JsonObject[]): JsonObject | undefined {
  return schemas.length === 1 ? schemas[0] : { anyOf: schemas }
}

function mapValues<Value>(
  object: Readonly<Record<string, Value>>,
  change: (value: Value, key: string) => unknown,
): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value, key)]))
}
