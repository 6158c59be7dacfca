import type { z } from 'zod'
import type { Language } from '../text.ts'
import { addressOf, routeLabel, type Page } from './frame.ts'
import { html } from './html.ts'
import { renderInline, renderMarkdown } from './markdown.ts'
import type { Group, shownDocument } from './shown.ts'
import { words } from './words.ts'

const KEY_NAMES: Readonly<Record<string, string>> = {
  gatewayKey: 'x-api-key',
  identificationKey: 'authorization',
  userToken: 'authorization: Bearer',
}

/**
 * The start page: the guide, the keys, and a list of everything that other pages have. The addresses in the `type` of errors point to
 * these lists, and so did all anchors while there was one page only.
 */
export function startPage(
  document: z.infer<typeof shownDocument>,
  { guide, groups, language }: { guide: string; groups: readonly Group[]; language: Language },
): Page {
  const { components, 'x-problems': problems } = document
  const word = words[language]
  const { markup, headings } = renderMarkdown(guide, 'guide', language)
  return {
    name: '',
    title: word.guide,
    entries: [
      ...headings.filter(({ depth }) => depth === 2).map(({ id, title }) => ({ id, label: title.replaceAll('`', '') })),
      ...(['keys', 'routes', 'codes', 'schemas'] as const).map((id) => ({ id, label: word[id] })),
    ],
    content: html`<div class="prose">
        ${{ markup }}
        <h2 id="keys">${word.keys}</h2>
        <dl>
          ${Object.entries(components.securitySchemes).map(
            ([name, { description }]) =>
              html`<dt><code>${KEY_NAMES[name] ?? name}</code></dt>
                <dd>${renderInline(description)}</dd>`,
          )}
        </dl>
      </div>
      <h2 id="routes">${word.routes}</h2>
      ${groups.map(
        ({ page, section, title, operations }) =>
          html`<section id="routes-${section}" data-moved>
            <h3><a href="${addressOf(page, language)}">${title}</a></h3>
            <ul class="list">
              ${operations.map(
                ({ operationId, method, path, summary }) =>
                  html`<li id="${operationId}" data-moved>
                    <a href="${addressOf(page, language, operationId)}" dir="ltr">${routeLabel(method, path)}</a>
                    <span>${renderInline(summary)}</span>
                  </li>`,
              )}
            </ul>
          </section>`,
      )}
      <h2 id="codes">${word.codes}</h2>
      <p class="prose">${word.aboutCodes}</p>
      <ul class="list">
        ${Object.entries(problems).map(
          ([code, { status, title }]) =>
            html`<li id="${code}" data-moved>
              <a href="${addressOf('errors', language, code)}" dir="ltr">${code}</a>
              <span><bdi lang="en">${status} ${title}</bdi></span>
            </li>`,
        )}
      </ul>
      <h2 id="schemas">${word.schemas}</h2>
      <ul class="names" dir="ltr">
        ${Object.keys(components.schemas).map(
          (name) =>
            html`<li id="schema-${name}" data-moved>
              <a href="${addressOf('schemas', language, `schema-${name}`)}">${name}</a>
            </li>`,
        )}
      </ul>`,
  }
}
