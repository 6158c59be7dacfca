import { make } from './dom.ts'
import { inLanguage, textOf, type Text } from './language.ts'

const STORED_AS = 'theme'
const THEMES = ['system', 'light', 'dark'] as const
type Theme = (typeof THEMES)[number]

const WORDS: Record<Theme, Text> = {
  system: { fa: 'رنگ‌ها: مانند دستگاه', en: 'Colors: as the device' },
  light: { fa: 'رنگ‌ها: روشن', en: 'Colors: light' },
  dark: { fa: 'رنگ‌ها: تیره', en: 'Colors: dark' },
}
const MEDIA: Record<Theme, string> = { system: '(prefers-color-scheme: dark)', light: 'not all', dark: 'all' }
const SCHEMES: Record<Theme, string> = { system: '', light: 'light', dark: 'dark' }

/** A button that changes between the colors of the device, light and dark. The choice is remembered in this browser. */
export function themeButton(): HTMLElement {
  const button = make('button', { class: 'quiet', attributes: { type: 'button', 'data-theme-button': '' } })
  button.append(make('span', { text: '◐', attributes: { 'aria-hidden': 'true' } }))
  let theme = THEMES.find((one) => one === localStorage.getItem(STORED_AS)) ?? 'system'
  const rules = darkRules()
  const apply = () => {
    for (const rule of rules) rule.media.mediaText = MEDIA[theme]
    document.documentElement.style.colorScheme = SCHEMES[theme]
    button.title = textOf(WORDS[theme])
    button.setAttribute('aria-label', textOf(WORDS[theme]))
  }
  inLanguage(button, apply)
  button.addEventListener('click', () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'system'
    localStorage.setItem(STORED_AS, theme)
    apply()
  })
  return button
}

/** The rules of the page's own styles that hold in the dark only. */
function darkRules(): CSSMediaRule[] {
  return [...document.styleSheets]
    .flatMap((sheet) => [...sheet.cssRules])
    .filter((rule) => rule instanceof CSSMediaRule)
    .filter(({ media }) => media.mediaText === MEDIA.system)
}
