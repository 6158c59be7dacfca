import * as z from 'zod'
import type { JsonObject } from '../../src/base/strict-json.ts'
import { anyObject as anyObjectOfClick } from '../../src/click/wire-fields.ts'
import { anyObject as anyObjectOfMessage } from '../../src/message/schemas.ts'
import { DEFAULT_PAGE, limitParameter, MAX_PAGE } from '../../src/http/page-query.ts'
import { metadata } from '../../src/subscriptions/subscription-request.ts'
import { answers } from './answers.ts'
import { actionMembers, bodies } from './bodies.ts'
import { webhookBodies } from './webhook-bodies.ts'

export type BodyName = keyof typeof bodies
export type AnswerName = keyof typeof answers
export type WebhookBodyName = keyof typeof webhookBodies

/** A schema for a query string. */
export type Query = { shape: Readonly<Record<string, z.ZodType>> }

const uri = (id: string) => `#/components/schemas/${id}`

export function refTo(name: BodyName | AnswerName | WebhookBodyName): JsonObject {
  return { $ref: uri(name) }
}

/** Every schema by its name. */
export function schemaComponents(): JsonObject {
  return {
    ...toComponents(bodies, 'input'),
    ...toComponents(answers, 'output'),
    ...toComponents(webhookBodies, 'output'),
  }
}

/** A query has texts only, so the schema that reads it is one of a text. */
const LIMIT: JsonObject = { type: 'integer', minimum: 1, maximum: MAX_PAGE, default: DEFAULT_PAGE }

/** The parameters of a query string. */
export function queryParameters(query: Query): { name: string; schema: unknown }[] {
  return Object.entries(query.shape).map(([name, schema]) => ({
    name,
    schema: schema === limitParameter ? LIMIT : toSchema(schema),
  }))
}

function toComponents(schemas: Readonly<Record<string, z.ZodType>>, io: 'input' | 'output'): JsonObject {
  const registry = z.registry<{ id: string }>()
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id })
  const made = z.toJSONSchema(registry, { io, unrepresentable: 'any', override: amend, uri }).schemas
  return Object.fromEntries(Object.entries(made).map(([name, schema]) => [name, withoutHead(schema)]))
}

function toSchema(schema: z.core.$ZodType): JsonObject {
  return withoutHead(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', override: amend }))
}

function withoutHead({ $schema: _, $id: __, ...schema }: Record<string, unknown>): JsonObject {
  return schema
}

/** Custom zod checks, which have no JSON Schema of their own. */
const OBJECTS = new Set<z.core.$ZodType>([anyObjectOfClick, anyObjectOfMessage, metadata])

function amend({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodType; jsonSchema: z.core.JSONSchema.BaseSchema }) {
  // The pattern is a page long, and `format` says the same.
  if (jsonSchema.format === 'date-time') delete jsonSchema.pattern
  if (OBJECTS.has(zodSchema)) jsonSchema.type = 'object'
  if (zodSchema === bodies.ActionV2) Object.assign(jsonSchema, actionSchema())
}

/** Exactly one of these that is not null. */
function actionSchema(): JsonObject {
  const members = Object.entries(actionMembers).map(([name, schema]) => [name, toSchema(schema)] as const)
  return {
    type: 'object',
    oneOf: members.map(([name, schema]) => ({ required: [name], properties: { [name]: schema } })),
  }
}
