import * as z from 'zod'
import { html, type Html } from './html.ts'
import { renderInline } from './markdown.ts'
import { notationOf } from './notation.ts'
import type { Language } from './text.ts'
import { words } from './words.ts'

const content = z.record(z.string(), z.object({ schema: z.unknown() }))
const reference = z.object({ $ref: z.string() })
const inline = z.object({ name: z.string(), in: z.string(), schema: z.unknown() })

export const shownOperation = z.object({
  operationId: z.string(),
  tags: z.array(z.string()),
  summary: z.string(),
  description: z.string().optional(),
  security: z.array(z.object({ gatewayKey: z.array(z.string()).optional() })),
  parameters: z.array(z.union([reference, inline])),
  requestBody: z.object({ content }).optional(),
  responses: z.record(
    z.string(),
    z.union([
      reference,
      z.object({
        description: z.string(),
        headers: z.record(z.string(), reference),
        content: content.optional(),
        'x-codes': z.array(z.string()).optional(),
      }),
    ]),
  ),
})

export type ShownOperation = z.infer<typeof shownOperation> & { path: string; method: string }

type Components = {
  parameters: Readonly<Record<string, { name: string; in: string; description: string }>>
}

/** One route: parameters, responses, errors. */
export function renderOperation(operation: ShownOperation, components: Components, language: Language): Html {
  const { operationId: id, path, method, summary, description, parameters, requestBody, responses } = operation
  const permissions = new Set(operation.security.flatMap(({ gatewayKey = [] }) => gatewayKey))
  const word = words[language]
  const taken = parameters.map((parameter) => {
    if (!('$ref' in parameter))
      return html`<dt><code>${parameter.in === 'path' ? `{${parameter.name}}` : `?${parameter.name}=`}</code></dt>
        <dd><code>${notationOf(parameter.schema)}</code></dd>`
    const { name, in: place, description: text } = components.parameters[lastOf(parameter.$ref)] ?? unknown
    return html`<dt><code>${place === 'path' ? `{${name}}` : place === 'query' ? `?${name}=` : name}</code></dt>
      <dd>${renderInline(text)}</dd>`
  })
  // Responses that many operations share are described in the guide.
  const own = Object.entries(responses).flatMap(([status, response]) =>
    '$ref' in response ? [] : [[status, response] as const],
  )
  const answers = own.filter(([, { 'x-codes': codes }]) => codes === undefined)
  const refusals = own.filter(([, { 'x-codes': codes }]) => codes !== undefined)
  return html`<article id="${id}" aria-labelledby="${id}-title">
    <h3 id="${id}-title"><a href="#${id}">${renderInline(summary)}</a></h3>
    <p class="route">
      <code><b>${method.toUpperCase()}</b> ${path}</code>
    </p>
    ${
      permissions.size > 0 &&
      html`<p>
        ${word.permission}: ${[...permissions].map((name, at) => html`${at > 0 && word.or}<code>${name}</code>`)}
      </p>`
    }
    ${description !== undefined && html`<p>${renderInline(description)}</p>`}
    ${
      requestBody &&
      html`<h4>${word.body}</h4>
        <p><code>${notationOf(requestBody.content['application/json']?.schema)}</code></p>`
    }
    ${
      taken.length > 0 &&
      html`<h4>${word.parameters}</h4>
        <dl>${taken}</dl>`
    }
    ${answers.length > 0 && html`<h4>${word.answers}</h4>`}
    <dl>
      ${answers.map(([status, { description: text, content: bodies = {}, headers }]) => {
        const [[type, { schema }] = ['', { schema: undefined }]] = Object.entries(bodies)
        const shape = schema === undefined ? undefined : isNamed(schema) ? notationOf(schema) : type
        const named = Object.keys(headers).filter((name) => name !== 'x-request-id')
        return html`<dt><code>${status}</code></dt>
          <dd>
            ${renderInline(text)} ${shape !== undefined && html`<code>${shape}</code>`}
            ${named.map((name) => html`<code>${name}</code> `)}
          </dd>`
      })}
    </dl>
    ${
      refusals.length > 0 &&
      html`<h4>${word.refusals}</h4>
        <dl>
          ${refusals.map(
            ([status, { 'x-codes': codes = [] }]) =>
              html`<dt><code>${status}</code></dt>
                <dd>${codes.map((code) => html`<a href="#${code}"><code>${code}</code></a> `)}</dd>`,
          )}
        </dl>`
    }
  </article> `
}

const unknown = { name: '', in: '', description: '' }

function isNamed(schema: unknown): boolean {
  return reference.safeParse(schema).success
}

function lastOf(pointer: string): string {
  return pointer.slice(pointer.lastIndexOf('/') + 1)
}
