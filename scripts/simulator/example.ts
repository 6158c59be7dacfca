import * as z from 'zod'

const MAX_DEPTH = 6

/** The part of an OpenAPI schema that an example is made from. */
const schemaShape = z.looseObject({
  $ref: z.string().optional(),
  type: z.string().optional(),
  format: z.string().optional(),
  enum: z.array(z.unknown()).optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  items: z.unknown().optional(),
  allOf: z.array(z.unknown()).optional(),
  oneOf: z.array(z.unknown()).optional(),
})

type Schemas = Record<string, unknown>

/** A value of a schema, made from types, formats and names alone; none for what is nested too deeply. */
export function exampleOf(given: unknown, schemas: Schemas, name = '', depth = 0): unknown {
  const schema = schemaShape.parse(given ?? {})
  if (schema.$ref !== undefined) {
    return exampleOf(schemas[schema.$ref.replace('#/components/schemas/', '')], schemas, name, depth)
  }
  if (schema.enum !== undefined) return schema.enum[0]
  const [first] = schema.oneOf ?? []
  if (first !== undefined) return exampleOf(first, schemas, name, depth)
  if (schema.allOf !== undefined) {
    const parts = schema.allOf.map((part) =>
      z.record(z.string(), z.unknown()).parse(exampleOf(part, schemas, name, depth)),
    )
    return parts.reduce((merged, part) => ({ ...merged, ...part }), {})
  }
  if (schema.type === 'array') {
    const item = depth < MAX_DEPTH ? exampleOf(schema.items, schemas, name, depth + 1) : undefined
    return item === undefined ? [] : [item]
  }
  if (schema.type === 'object' || schema.properties !== undefined) {
    if (depth >= MAX_DEPTH) return {}
    const members = Object.entries(schema.properties ?? {}).map(([member, inner]): [string, unknown] => {
      return [member, exampleOf(inner, schemas, member, depth + 1)]
    })
    return Object.fromEntries(members)
  }
  if (schema.type === 'boolean') return true
  if (schema.type === 'integer' || schema.type === 'number') return 1
  return text(name, schema.format)
}

const TEXTS: [RegExp, string][] = [
  [/phone/, '09120000001'],
  [/token/, 'AZf3Uqr3'],
  [/url|link|image/, 'https://files.example.com/1'],
  [/slug|category|city/, 'sample'],
  [/id$|_id/, '1'],
]

function text(name: string, format: string | undefined): string {
  if (format === 'date-time') return '2026-01-01T00:00:00Z'
  if (format === 'int64' || format === 'uint64') return '1000'
  return TEXTS.find(([names]) => names.test(name))?.[1] ?? 'نمونه'
}
