import { changeLanguage, currentLanguage, inLanguage, textOf, type Text } from './language.ts'

type PageWords = Readonly<Record<string, Text>> & { title: Text }

/**
 * Draws the title and the texts of elements with `data-word` and `data-label`, now and in each language that one of the `data-language` buttons chooses.
 * @param onDrawn called after each time
 */
export function followWords(words: PageWords, onDrawn: () => void = () => undefined): void {
  for (const button of document.querySelectorAll('[data-language]')) {
    button.addEventListener('click', () => {
      changeLanguage(button.getAttribute('data-language') === 'en' ? 'en' : 'fa')
    })
  }
  changeLanguage(currentLanguage())
  inLanguage(document.documentElement, () => {
    document.title = textOf(words.title)
    drawWords(new Map(Object.entries(words)))
    onDrawn()
  })
}

function drawWords(words: ReadonlyMap<string, Text>): void {
  for (const element of document.querySelectorAll<HTMLElement>('[data-word]')) {
    const text = words.get(element.dataset['word'] ?? '')
    if (text !== undefined) element.textContent = textOf(text)
  }
  for (const element of document.querySelectorAll<HTMLElement>('[data-label]')) {
    const text = words.get(element.dataset['label'] ?? '')
    if (text !== undefined) element.setAttribute('aria-label', textOf(text))
  }
  for (const button of document.querySelectorAll('[data-language]')) {
    button.setAttribute('aria-pressed', String(button.getAttribute('data-language') === currentLanguage()))
  }
}
