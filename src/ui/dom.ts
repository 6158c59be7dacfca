/** What an element is made with; `data` become data attributes, `on` listeners. */
export type Making = {
  class?: string
  text?: string
  attributes?: Record<string, string>
  on?: Partial<Record<'click' | 'submit' | 'keydown' | 'change' | 'toggle', (event: Event) => void>>
}

/** Makes an element with everything in it. Texts are only ever set as text. */
export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  { class: className, text, attributes = {}, on = {} }: Making = {},
  ...children: Node[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name)
  if (className !== undefined) element.className = className
  if (text !== undefined) element.textContent = text
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value)
  for (const [event, listener] of Object.entries(on)) element.addEventListener(event, listener)
  element.append(...children)
  return element
}

/** The one element of the page that has this attribute. */
export function find(attribute: string): HTMLElement {
  const element = document.querySelector(`[${attribute}]`)
  if (!(element instanceof HTMLElement)) throw new Error(`the page has no [${attribute}]`)
  return element
}

/** Says something to those who listen to the page rather than look at it. */
export function announce(text: string): void {
  find('data-announce').textContent = text
}

/** Removes an element; the focus, if it was in there, goes to `heir` rather than to the top of the page. */
export function dropElement(element: Element, heir: HTMLElement): void {
  const hadFocus = element.contains(document.activeElement)
  element.remove()
  if (hadFocus) heir.focus()
}

/** What went wrong, in a sentence. */
export function messageOf(error: unknown): string {
  return String(error instanceof Error ? error.message : error)
}
