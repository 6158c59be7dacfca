import { readFileSync } from 'node:fs'
import type { JsonObject } from '../../../src/base/strict-json.ts'
import { INTERNAL_ORIGIN, PUBLIC_ORIGIN } from '../samples/request.ts'
import { PAGE_OF, SECTIONS } from '../sections.ts'
import type { Language } from '../text.ts'
import { framePage, routeLabel, type Page } from './frame.ts'
import { html, type Html } from './html.ts'
import { renderMarkdown } from './markdown.ts'
import { notationOf } from './notation.ts'
import { renderOperation } from './operation.ts'
import { indexOf, type Found } from './search-index.ts'
import { shownDocument, type Group } from './shown.ts'
import { startPage } from './start.ts'
import { words } from './words.ts'

const FOLDERS: Record<Language, string> = { en: 'docs', fa: 'docs/fa' }

/** The pages of the documentation by name, '' being the start page, and what its search finds. */
export function renderPages(
  openapi: JsonObject,
  language: Language,
): { pages: Record<string, string>; index: readonly Found[] } {
  const document = shownDocument.parse(openapi)
  const { components, info } = document
  const groups = groupsOf(document)
  const guide = readDocument('api.md', language)
  const pages: Page[] = [
    startPage(document, { guide, groups, language }),
    ...groups.map(({ page, title, operations }) => ({
      name: page,
      title,
      entries: operations.map(({ operationId: id, method, path }) => ({
        id,
        label: routeLabel(method, path),
        isCode: true,
      })),
      content: html`<h1>${title}</h1>
        ${operations.map((operation) => renderOperation(operation, components.parameters, language))}`,
    })),
    schemasPage(components.schemas, language),
    errorsPage(language),
  ]
  const site = { pages, version: info.version, origin: INTERNAL_ORIGIN, publicOrigin: PUBLIC_ORIGIN, language }
  return {
    pages: Object.fromEntries(pages.map((page) => [page.name, framePage(page, site)])),
    index: indexOf(document, { groups, pages, language }),
  }
}

function groupsOf({ tags, paths, webhooks }: ReturnType<typeof shownDocument.parse>): readonly Group[] {
  const operations = Object.entries({ ...paths, ...webhooks }).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, path, method })),
  )
  return Object.entries(PAGE_OF).flatMap(([section, page]) => {
    const title = tags.find(({ name }) => name === section)?.description
    if (title === undefined) throw new Error(`${section} is none of ${Object.keys(SECTIONS).join(', ')}`)
    return { page, section, title, operations: operations.filter((operation) => operation.tags.includes(section)) }
  })
}

function schemasPage(schemas: Readonly<Record<string, unknown>>, language: Language): Page {
  const word = words[language]
  return {
    name: 'schemas',
    title: word.schemas,
    entries: Object.keys(schemas).map((name) => ({ id: `schema-${name}`, label: name, isCode: true })),
    content: html`<div class="prose">
      <h1>${word.schemas}</h1>
      <p>${word.aboutSchemas}</p>
      ${Object.entries(schemas).map(
        ([name, schema]) =>
          html`<h2 id="schema-${name}" dir="ltr"><a href="#schema-${name}">${name}</a></h2>
            ${notationBlock(schema, language)}`,
      )}
    </div>`,
  }
}

/** Keeps its lines: a template would be indented by a formatter. */
function notationBlock(schema: unknown, language: Language): Html {
  return {
    markup: `<pre class="notation" dir="ltr" tabindex="0"><code>${notationOf(schema, language).markup}</code></pre>`,
  }
}

function errorsPage(language: Language): Page {
  const { markup, headings } = renderMarkdown(readDocument('failures.md', language), 'failures', language)
  return {
    name: 'errors',
    title: words[language].errors,
    entries: headings
      .filter(({ depth }) => depth > 1)
      .map(({ id, title, depth }) => ({ id, label: title.replaceAll('`', ''), isCode: depth === 3 })),
    content: html`<div class="prose">${{ markup }}</div>`,
  }
}

function readDocument(name: string, language: Language): string {
  return readFileSync(new URL(`../../../${FOLDERS[language]}/${name}`, import.meta.url), 'utf8')
}
