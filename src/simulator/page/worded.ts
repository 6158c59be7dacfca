import { make, type Making } from './dom.ts'
import { inLanguage, say, type Word } from './words.ts'

/** Makes an element whose text is a word of the page, in whichever language the page speaks. */
export function worded<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  word: Word,
  making: Making = {},
): HTMLElementTagNameMap[Name] {
  const element = make(name, making)
  inLanguage(element, () => {
    element.textContent = say(word)
  })
  return element
}
