import { make, type Making } from './dom.ts'
import { inLanguage, textOf, type Text } from './language.ts'

/** Makes an element whose text follows the language of the page. */
export function worded<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  text: Text,
  making: Making = {},
): HTMLElementTagNameMap[Name] {
  const element = make(name, making)
  inLanguage(element, () => {
    element.textContent = textOf(text)
  })
  return element
}
