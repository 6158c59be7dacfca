import { samplesOf, parametersOf } from '../samples/samples.ts'
import type { Language } from '../text.ts'
import { addressOf } from './frame.ts'
import { html, type Html } from './html.ts'
import { renderInline } from './markdown.ts'
import { notationOf } from './notation.ts'
import { reference, type ShownOperation, type ShownParameters } from './shown.ts'
import { words } from './words.ts'

/** One route: parameters, responses, errors; beside them code, and a form that tries it. */
export function renderOperation(operation: ShownOperation, named: ShownParameters, language: Language): Html {
  const { operationId: id, path, method, summary, description, requestBody } = operation
  const word = words[language]
  return html`<article id="${id}" aria-labelledby="${id}-title">
    <div class="prose">
      <h2 id="${id}-title"><a href="#${id}">${renderInline(summary)}</a></h2>
      <p class="route" dir="ltr">
        <code><b>${method.toUpperCase()}</b> ${path}</code>
      </p>
      ${renderPermissions(operation, language)}
      ${description !== undefined && html`<p>${renderInline(description)}</p>`}
      ${
        requestBody &&
        html`<h3>${word.body}</h3>
          <p class="body" dir="ltr">
            <code>${notationOf(requestBody.content['application/json']?.schema, language)}</code>
          </p>`
      }
      ${renderParameters(operation, named, language)} ${renderResponses(operation, language)}
    </div>
    ${renderCode(operation, named, language)}
  </article> `
}

/** One of these is enough. */
function renderPermissions({ security }: ShownOperation, language: Language): Html | false {
  const word = words[language]
  const permissions = new Map(security.map(({ gatewayKey = [] }) => [gatewayKey.join(), gatewayKey]))
  permissions.delete('')
  const choices = [...permissions.values()].map(
    (needed, at) =>
      html`${at > 0 && word.or}${needed.map((name, of) => html`${of > 0 && word.and}<code>${name}</code>`)}`,
  )
  return choices.length > 0 && html`<p>${word.permission}: ${choices}</p>`
}

function renderParameters(operation: ShownOperation, named: ShownParameters, language: Language): Html | false {
  const taken = parametersOf(operation, named)
  if (taken.length === 0) return false
  const NAMES: Readonly<Record<string, (name: string) => string>> = {
    path: (name) => `{${name}}`,
    query: (name) => `?${name}=`,
  }
  const inline = new Map(operation.parameters.map((one) => ('$ref' in one ? ['', undefined] : [one.name, one.schema])))
  return html`<h3>${words[language].parameters}</h3>
    <dl>
      ${taken.map(
        ({ name, in: place, description }) =>
          html`<dt>
              <code>${NAMES[place]?.(name) ?? name}</code>
            </dt>
            <dd>
              ${
                description === undefined
                  ? html`<code>${notationOf(inline.get(name), language)}</code>`
                  : renderInline(description)
              }
            </dd>`,
      )}
    </dl>`
}

/** Responses that many operations share are described in the guide. */
function renderResponses({ responses }: ShownOperation, language: Language): Html {
  const word = words[language]
  const own = Object.entries(responses).flatMap(([status, response]) =>
    '$ref' in response ? [] : [[status, response] as const],
  )
  const answers = own.filter(([, { 'x-codes': codes }]) => codes === undefined)
  const refusals = own.filter(([, { 'x-codes': codes }]) => codes !== undefined)
  return html`${
    answers.length > 0 &&
    html`<h3>${word.answers}</h3>
      <dl class="statuses">
        ${answers.map(([status, { description: text, content: bodies = {}, headers }]) => {
          const [[type, { schema }] = ['', { schema: undefined }]] = Object.entries(bodies)
          const shape = schema === undefined ? undefined : isNamed(schema) ? notationOf(schema, language) : type
          const others = Object.keys(headers).filter((name) => name !== 'x-request-id')
          return html`<dt><code>${status}</code></dt>
            <dd>
              ${renderInline(text)} ${shape !== undefined && html`<code>${shape}</code>`}
              ${others.map((name) => html`<code>${name}</code> `)}
            </dd>`
        })}
      </dl>`
  }
  ${
    refusals.length > 0 &&
    html`<h3>${word.errors}</h3>
      <dl class="statuses">
        ${refusals.map(
          ([status, { 'x-codes': codes = [] }]) =>
            html`<dt><code>${status}</code></dt>
              <dd>
                ${codes.map((code) => html`<a href="${addressOf('errors', language, code)}"><code>${code}</code></a> `)}
              </dd>`,
        )}
      </dl>`
  }`
}

/** Without scripts the samples are folded below each other; with them they are tabs. */
function renderCode(operation: ShownOperation, named: ShownParameters, language: Language): Html | false {
  const samples = samplesOf(operation, named)
  if (samples.length === 0) return false
  const { operationId: id } = operation
  return html`<aside class="code" aria-label="${words[language].code}: ${id}">
    <div data-samples="${id}">
      ${samples.map(
        ({ id: of, title, code }, at) =>
          html`<details ${at === 0 && { markup: 'open' }} data-sample="${of}">
            <summary>${title}</summary>
            ${preformatted(code)}
          </details>`,
      )}
    </div>
    ${
      canBeTried(operation) &&
      html`<script type="application/json" data-try>
        ${dataOf(tryOf(operation, named))}
      </script>`
    }
  </aside>`
}

/** Keeps its lines: a template would be indented by a formatter. */
function preformatted(code: string): Html {
  return { markup: `<pre dir="ltr" tabindex="0"><code>${html`${code}`.markup}</code></pre>` }
}

/** JSON routes for the company's services: the page's origin has them, and the key that it asks for opens them. */
function canBeTried({ security, responses }: ShownOperation): boolean {
  const isOfServices = security.some(({ gatewayKey }) => gatewayKey !== undefined)
  return (
    isOfServices &&
    Object.values(responses).some((response) => '$ref' in response || 'application/json' in (response.content ?? {}))
  )
}

/** What the form of a route needs to know. */
function tryOf(operation: ShownOperation, named: ShownParameters) {
  const { operationId, method, path, requestBody } = operation
  const examples = Object.entries(requestBody?.content['application/json']?.examples ?? {})
  return {
    id: operationId,
    method: method.toUpperCase(),
    path,
    parameters: parametersOf(operation, named)
      .filter(({ name }) => name !== 'traceparent' && name !== 'x-request-id')
      .map(({ name, in: place, example }) => ({
        name,
        in: place,
        ...(place === 'path' && { example: example ?? '' }),
      })),
    bodies: examples.map(([name, { value }]) => ({ name, value })),
  }
}

/** Data in a script element ends at the first `</script`, whatever quotes are around it. */
function dataOf(value: unknown): Html {
  return { markup: JSON.stringify(value).replaceAll('<', String.raw`\u003c`) }
}

function isNamed(schema: unknown): boolean {
  return reference.safeParse(schema).success
}
