import { readFileSync } from 'node:fs'
import * as z from 'zod'
import type { JsonObject } from '../../src/base/strict-json.ts'
import { html, type Html } from './html.ts'
import { renderInline, renderMarkdown, type Heading } from './markdown.ts'
import { notationOf } from './notation.ts'
import { renderOperation, shownOperation, type ShownOperation } from './operation-html.ts'
import { STYLE } from './style.ts'
import type { Language } from './text.ts'
import { words } from './words.ts'

/** The parts of the OpenAPI document that the page shows. */
const shownDocument = z.object({
  info: z.object({ version: z.string() }),
  tags: z.array(z.object({ name: z.string(), description: z.string() })),
  paths: z.record(z.string(), z.record(z.string(), shownOperation)),
  webhooks: z.record(z.string(), z.record(z.string(), shownOperation)),
  components: z.object({
    schemas: z.record(z.string(), z.unknown()),
    parameters: z.record(z.string(), z.object({ name: z.string(), in: z.string(), description: z.string() })),
    headers: z.record(z.string(), z.object({ description: z.string() })),
    securitySchemes: z.record(z.string(), z.object({ description: z.string() })),
  }),
})

const FOLDERS: Record<Language, string> = { en: 'docs', fa: 'docs/fa' }

/** One page: the guide, every route, schema and error code. */
export function renderPage(document: JsonObject, language: Language): string {
  const { info, tags, paths, webhooks, components } = shownDocument.parse(document)
  const word = words[language]
  const guide = renderMarkdown(readDocument('api.md', language), 'guide')
  const failures = renderMarkdown(readDocument('failures.md', language), 'failures')
  const operations = Object.entries({ ...paths, ...webhooks }).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): ShownOperation => ({ ...operation, path, method })),
  )
  const sections = tags.map(({ name, description }) => ({
    id: `routes-${name}`,
    title: description,
    operations: operations.filter((operation) => operation.tags.includes(name)),
  }))
  const schemas = Object.entries(components.schemas)
  const other = language === 'en' ? 'fa' : 'en'
  return html`<!doctype html>
    <html lang="${language}" dir="${word.direction}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width,initial-scale=1" />
        <title>${word.title}</title>
        ${STYLE_ELEMENT}
      </head>
      <body>
        <a class="skip" href="#main">${word.skip}</a>
        <header>
          <h1>${word.title} <span dir="ltr">${info.version}</span></h1>
          <a href="/docs?lang=${other}" lang="${other}" hreflang="${other}">${words[other].language}</a>
        </header>
        <div class="columns">
          <nav aria-label="${word.contents}">
            <ul>
              ${tocOf(guide.headings.filter(({ depth }) => depth < 3))}
              ${sections.map(
                ({ id, title, operations: listed }) =>
                  html`<li>
                    <a href="#${id}">${title}</a>
                    <ul>
                      ${listed.map(
                        ({ operationId, method, path }) =>
                          html`<li>
                            <a href="#${operationId}" dir="ltr"><b>${method.toUpperCase()}</b> ${breakable(path)}</a>
                          </li>`,
                      )}
                    </ul>
                  </li>`,
              )}
              <li><a href="#shapes">${word.shapes}</a></li>
              ${tocOf(failures.headings)}
            </ul>
          </nav>
          <main id="main" tabindex="-1">
            <section>${guide}</section>
            <section>
              <h2 id="keys">${word.keys}</h2>
              <dl>
                ${Object.entries(components.securitySchemes).map(
                  ([name, { description }]) =>
                    html`<dt><code>${KEY_NAMES[name] ?? name}</code></dt>
                      <dd>${renderInline(description)}</dd>`,
                )}
              </dl>
            </section>
            ${sections.map(
              ({ id, title, operations: listed }) =>
                html`<section>
                  <h2 id="${id}"><a href="#${id}">${title}</a></h2>
                  ${listed.map((operation) => renderOperation(operation, components, language))}
                </section>`,
            )}
            <section>
              <h2 id="shapes"><a href="#shapes">${word.shapes}</a></h2>
              <p>${word.aboutShapes}</p>
              ${schemas.map(
                ([name, schema]) =>
                  html`<h3 id="schema-${name}" dir="ltr"><a href="#schema-${name}">${name}</a></h3>
                    <pre dir="ltr"><code>${notationOf(schema)}</code></pre>`,
              )}
            </section>
            <section>${failures}</section>
          </main>
        </div>
      </body>
    </html> `.markup
}

/** Unchanged, because the content security policy has its digest. */
const STYLE_ELEMENT = { markup: `<style>${STYLE}</style>` }

const KEY_NAMES: Readonly<Record<string, string>> = {
  gatewayKey: 'x-api-key',
  identificationKey: 'authorization',
  userToken: 'authorization: Bearer',
}

/** Allows line breaks before each slash. */
function breakable(path: string): readonly Html[] {
  return path.split(/(?=\/)/).map((part, index) => html`${index > 0 && { markup: '<wbr>' }}${part}`)
}

/** A nested list of headings. */
function tocOf(headings: readonly Heading[]): readonly Html[] {
  const [top = 0] = headings.map(({ depth }) => depth)
  const chapters = headings.filter(({ depth }) => depth === top)
  return chapters.map((chapter) => {
    const below = headings.filter((heading) => heading.depth > top && chapterOf(heading, headings, top) === chapter)
    return html`<li>
      ${linkTo(chapter)}${
        below.length > 0 &&
        html`<ul>
          ${below.map((heading) => html`<li>${linkTo(heading)}</li>`)}
        </ul>`
      }
    </li>`
  })
}

function chapterOf(heading: Heading, headings: readonly Heading[], top: number): Heading | undefined {
  return headings.slice(0, headings.indexOf(heading)).findLast(({ depth }) => depth === top)
}

function linkTo({ id, title }: Heading): Html {
  return html`<a href="#${id}">${title.replaceAll('`', '')}</a>`
}

function readDocument(name: string, language: Language): string {
  return readFileSync(new URL(`../../${FOLDERS[language]}/${name}`, import.meta.url), 'utf8')
}
