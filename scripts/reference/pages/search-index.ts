import type { z } from 'zod'
import { parametersOf } from '../samples/samples.ts'
import type { Language } from '../text.ts'
import { addressOf, type Page } from './frame.ts'
import type { Group, shownDocument } from './shown.ts'
import { words } from './words.ts'

/** What the search can find, and where it is. */
export type Found = {
  kind: 'heading' | 'route' | 'field' | 'code' | 'schema'
  title: string
  detail: string
  url: string
}

/** Of a field that many schemas have, the first are named. */
const MAX_SCHEMAS_OF_FIELD = 4

export function indexOf(
  { components, 'x-problems': problems }: z.infer<typeof shownDocument>,
  { groups, pages, language }: { groups: readonly Group[]; pages: readonly Page[]; language: Language },
): readonly Found[] {
  const routes = groups.flatMap(({ page, operations }) =>
    operations.map((operation) => ({ page, operation, url: addressOf(page, language, operation.operationId) })),
  )
  const codes = Object.entries(problems).map(([code, { status, title }]): Found => ({
    kind: 'code',
    title: code,
    detail: `${status} ${title}`,
    url: addressOf('errors', language, code),
  }))
  return [
    ...pages.flatMap(({ name, title, entries }): Found[] => [
      { kind: 'heading', title, detail: words[language].title, url: addressOf(name, language) },
      ...entries.flatMap(({ id, label, isCode = false }): Found[] =>
        isCode || typeof label !== 'string'
          ? []
          : [{ kind: 'heading', title: label, detail: title, url: addressOf(name, language, id) }],
      ),
    ]),
    ...routes.map(({ operation: { method, path, summary }, url }): Found => ({
      kind: 'route',
      title: `${method.toUpperCase()} ${path}`,
      detail: summary.replaceAll('`', ''),
      url,
    })),
    ...codes,
    ...Object.keys(components.schemas).map((name): Found => ({
      kind: 'schema',
      title: name,
      detail: '',
      url: addressOf('schemas', language, `schema-${name}`),
    })),
    ...fieldsOf(components.schemas).map(([field, schemas]): Found => ({
      kind: 'field',
      title: field,
      detail: schemas.slice(0, MAX_SCHEMAS_OF_FIELD).join(', '),
      url: addressOf('schemas', language, `schema-${schemas[0] ?? ''}`),
    })),
    ...Object.values(components.parameters).flatMap(({ name, in: place }): Found[] => {
      const used = routes.find(({ operation }) =>
        parametersOf(operation, components.parameters).some((one) => one.name === name && one.in === place),
      )
      const { method = '', path = '' } = used?.operation ?? {}
      return used === undefined
        ? []
        : [{ kind: 'field', title: name, detail: `${method.toUpperCase()} ${path}`, url: used.url }]
    }),
  ]
}

/** The names of members at any depth, each with the schemas that have it. */
function fieldsOf(schemas: Readonly<Record<string, unknown>>): [string, string[]][] {
  const found = new Map<string, string[]>()
  for (const [name, schema] of Object.entries(schemas)) {
    for (const field of new Set(membersOf(schema))) found.set(field, [...(found.get(field) ?? []), name])
  }
  return [...found]
}

function membersOf(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return []
  const own =
    'properties' in schema && typeof schema.properties === 'object' ? Object.keys(schema.properties ?? {}) : []
  return [...own, ...Object.values(schema).flatMap(membersOf)]
}
