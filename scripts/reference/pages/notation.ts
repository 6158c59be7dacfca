import * as z from 'zod'
import type { Language } from '../text.ts'
import { addressOf } from './frame.ts'
import { escapeHtml, type Html } from './html.ts'

/** The part of JSON Schema that our schemas use. */
const nodeSchema = z.looseObject({
  $ref: z.string().optional(),
  type: z.union([z.string(), z.array(z.string()).transform((types) => types.join(' | '))]).optional(),
  const: z.unknown().optional(),
  enum: z.array(z.unknown()).optional(),
  anyOf: z.array(z.unknown()).optional(),
  oneOf: z.array(z.unknown()).optional(),
  allOf: z.array(z.unknown()).optional(),
  items: z.unknown().optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).optional(),
  format: z.string().optional(),
  pattern: z.string().optional(),
  minLength: z.number().optional(),
  maxLength: z.number().optional(),
  maxItems: z.number().optional(),
})
type Node = z.infer<typeof nodeSchema>

/** A schema in the notation of a TypeScript type. References are links. */
export function notationOf(schema: unknown, language: Language): Html {
  return { markup: write(schema, 0, language) }
}

function write(schema: unknown, depth: number, language: Language): string {
  const node = nodeSchema.parse(schema)
  if (node.$ref !== undefined) return refer(node.$ref, language)
  if ('const' in node) return escapeHtml(JSON.stringify(node.const))
  if (node.enum) return node.enum.map((value) => escapeHtml(JSON.stringify(value))).join(' | ')
  const [choices, mark] = node.allOf ? [node.allOf, ' & '] : [node.anyOf ?? node.oneOf, ' | ']
  if (choices) return [...new Set(choices.map((choice) => write(choice, depth, language)))].join(mark)
  if (node.type === 'array') return writeArray(node, depth, language)
  if (node.properties) return writeMembers(node, depth, language)
  return escapeHtml(writeScalar(node))
}

function refer(pointer: string, language: Language): string {
  const name = escapeHtml(pointer.slice(pointer.lastIndexOf('/') + 1))
  return `<a href="${addressOf('schemas', language, `schema-${name}`)}">${name}</a>`
}

function writeArray({ items, maxItems }: Node, depth: number, language: Language): string {
  const item = write(items, depth, language)
  const bound = maxItems === undefined ? '' : ` (≤ ${maxItems})`
  return `${item.includes(' | ') ? `(${item})` : item}[]${bound}`
}

function writeMembers({ properties = {}, required = [] }: Node, depth: number, language: Language): string {
  const indent = '  '.repeat(depth + 1)
  const lines = Object.entries(properties).map(
    ([name, member]) =>
      `${indent}${escapeHtml(name)}${required.includes(name) ? '' : '?'}: ${write(member, depth + 1, language)}`,
  )
  return `{\n${lines.join('\n')}\n${'  '.repeat(depth)}}`
}

function writeScalar({ type = 'any', format, pattern, minLength = 0, maxLength }: Node): string {
  if (format === 'date-time') return 'time'
  const id = /^\^(\w{3})_\[/.exec(pattern ?? '')?.[1]
  if (id !== undefined) return `"${id}_…"`
  if (maxLength === undefined) return type
  return `${type} (${minLength > 0 ? `${minLength}–${maxLength}` : `≤ ${maxLength}`})`
}
