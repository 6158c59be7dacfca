import { Marked, type Tokens } from 'marked'
import { escapeHtml, type Html } from './html.ts'

export type Heading = { id: string; title: string; depth: number }

/**
 * A document of ours as a part of the page: its headings one level lower, its codes' sections under their codes.
 * @param prefix of the other headings' ids
 */
export function renderMarkdown(text: string, prefix: string): { markup: string; headings: Heading[] } {
  const headings: Heading[] = []
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth, text: written }: Tokens.Heading) {
        const id = /^[a-z]+(?:_[a-z]+)*$/.test(written) && depth === 3 ? written : `${prefix}-${headings.length}`
        headings.push({ id, title: written, depth })
        const level = depth + 1
        return `<h${level} id="${id}"><a href="#${id}">${this.parser.parseInline(tokens)}</a></h${level}>\n`
      },
      // Other documents are not served; a reader has them with the sources.
      link({ href, tokens }: Tokens.Link) {
        const label = this.parser.parseInline(tokens)
        return /^(?:https:\/\/|#)/.test(href) ? `<a href="${escapeHtml(href)}">${label}</a>` : label
      },
      code: ({ text: code }: Tokens.Code) => `<pre dir="ltr"><code>${escapeHtml(code)}</code></pre>\n`,
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
