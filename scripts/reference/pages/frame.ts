import type { Language } from '../text.ts'
import { html, type Html } from './html.ts'
import { words } from './words.ts'

/** A page of the documentation, before its frame is put around it. */
export type Page = {
  /** Its name below /docs/; '' is the start page. */
  name: string
  title: string
  /** What the list of contents shows below it while it is open. */
  entries: readonly Entry[]
  content: Html
}

/** A link within a page. */
export type Entry = { id: string; label: Html | string; isCode?: boolean }

/** The address of a page, in its language. */
export function addressOf(name: string, language: Language, anchor = ''): string {
  return `/docs${name && `/${name}`}?lang=${language}${anchor && `#${anchor}`}`
}

const ASSETS = '/docs/assets'
const STYLES = ['fonts', 'tokens', 'base', 'components', 'docs']

type Site = { pages: readonly Page[]; version: string; origin: string; publicOrigin: string; language: Language }

/** A whole document: header, search, contents and the page itself. */
export function framePage(page: Page, { pages, version, origin, publicOrigin, language }: Site): string {
  const word = words[language]
  const other = language === 'en' ? 'fa' : 'en'
  return html`<!doctype html>
    <html lang="${language}" dir="${word.direction}" data-origin="${origin}" data-public-origin="${publicOrigin}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width,initial-scale=1" />
        <title>${page.title} · ${word.title}</title>
        <link rel="icon" href="data:," />
        ${STYLES.map((name) => html`<link rel="stylesheet" href="${ASSETS}/${name}.css" />`)}
        <script type="module" src="${ASSETS}/main.js"></script>
      </head>
      <body>
        <a class="skip" href="#main">${word.skip}</a>
        <header class="top">
          <a class="brand" href="${addressOf('', language)}">${word.title} <span dir="ltr">${version}</span></a>
          <a href="/openapi.json?lang=${language}">${word.openapi}</a>
          <a class="quiet" href="${addressOf(page.name, other)}" lang="${other}" hreflang="${other}"
            >${words[other].language}</a
          >
        </header>
        <div class="columns">
          <div class="side">
            <form class="search" role="search" data-search="${ASSETS}/search-${language}.json" hidden>
              <input
                type="search"
                role="combobox"
                aria-label="${word.search}"
                placeholder="${word.searchShort}  /"
                autocomplete="off"
                spellcheck="false"
                aria-expanded="false"
                aria-controls="found"
                aria-autocomplete="list"
              />
              <ul id="found" role="listbox" aria-label="${word.search}" hidden></ul>
            </form>
            <nav aria-label="${word.contents}">
              <ul>
                ${pages.map((one) => contentsOf(one, page, language))}
              </ul>
            </nav>
          </div>
          <main id="main" tabindex="-1">${page.content}</main>
        </div>
        <div class="sr" role="status" aria-live="polite" data-announce></div>
      </body>
    </html> `.markup
}

function contentsOf({ name, title, entries }: Page, open: Page, language: Language): Html {
  const isOpen = name === open.name
  const current = isOpen && { markup: ' aria-current="page"' }
  return html`<li>
    <a href="${addressOf(name, language)}" ${current}>${title}</a>
    ${
      isOpen &&
      entries.length > 0 &&
      html`<ul>
        ${entries.map(
          ({ id, label, isCode = false }) =>
            html`<li><a href="#${id}" ${isCode && { markup: 'dir="ltr"' }}>${label}</a></li>`,
        )}
      </ul>`
    }
  </li>`
}

/** A route as a label: its path may break before each slash. */
export function routeLabel(method: string, path: string): Html {
  const parts = path.split(/(?=\/)/).map((part, index) => html`${index > 0 && { markup: '<wbr>' }}${part}`)
  return html`<b>${method.toUpperCase()}</b> ${parts}`
}
