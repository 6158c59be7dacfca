import { Marked, type Tokens } from 'marked'
import type { Language } from '../text.ts'
import { addressOf } from './frame.ts'
import { escapeHtml, type Html } from './html.ts'

/** The page of the reference about the subject of another document. Documents without one are not served: a reader has them with the sources. */
const PAGES: ReadonlyMap<string, string> = new Map([
  ['api.md', ''],
  ['failures.md', 'errors'],
  ['platform.md', 'platform-calls'],
  ['consent.md', 'consent'],
  ['events.md', 'events'],
  ['subscriptions.md', 'events'],
  ['actions.md', 'called-by-divar'],
])

export type Heading = { id: string; title: string; depth: number }

/**
 * A document of ours as a page: its codes' sections have the codes as their ids.
 * @param prefix of the other headings' ids
 */
export function renderMarkdown(
  text: string,
  prefix: string,
  language: Language,
): { markup: string; headings: Heading[] } {
  const headings: Heading[] = []
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth, text: written }: Tokens.Heading) {
        const id = /^[a-z]+(?:_[a-z]+)*$/.test(written) && depth === 3 ? written : `${prefix}-${headings.length}`
        headings.push({ id, title: written, depth })
        return `<h${depth} id="${id}"><a href="#${id}">${this.parser.parseInline(tokens)}</a></h${depth}>\n`
      },
      link({ href, tokens }: Tokens.Link) {
        const label = this.parser.parseInline(tokens)
        const page = PAGES.get(href)
        if (page !== undefined) return `<a href="${addressOf(page, language)}">${label}</a>`
        return /^(?:https:\/\/|#)/.test(href) ? `<a href="${escapeHtml(href)}">${label}</a>` : label
      },
      code: ({ text: code }: Tokens.Code) => `<pre dir="ltr" tabindex="0"><code>${escapeHtml(code)}</code></pre>\n`,
      // What turns a document to the right on a page of its own; this page has its own.
      html: () => '',
    },
  })
  const markup = marked
    .parse(text, { async: false })
    .replaceAll('<table>', '<div class="wide" tabindex="0"><table>')
    .replaceAll('</table>', '</table></div>')
  return { markup, headings }
}

/** A sentence or two: what an OpenAPI description may hold. */
export function renderInline(text: string): Html {
  return { markup: new Marked().parseInline(text, { async: false }) }
}
