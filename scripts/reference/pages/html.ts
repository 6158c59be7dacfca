/** Markup, as opposed to text that has to be escaped to become some. */
export type Html = { markup: string }

type Part = Html | string | number | readonly (Html | string)[] | undefined | false

/** A template whose values are escaped, unless they are markup already. */
export function html(strings: TemplateStringsArray, ...values: Part[]): Html {
  return { markup: strings.reduce((text, next, index) => text + toMarkup(values[index - 1]) + next) }
}

export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

function toMarkup(part: Part): string {
  if (part === undefined || part === false) return ''
  if (typeof part === 'string' || typeof part === 'number') return escapeHtml(String(part))
  return 'markup' in part ? part.markup : part.map(toMarkup).join('')
}
