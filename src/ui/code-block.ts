import { copyButton } from './copy.ts'
import { make } from './dom.ts'
import { inLanguage, textOf, type Text } from './language.ts'

const COPY: Text = { fa: 'کپی', en: 'Copy' }
const WRAP: Text = { fa: 'شکستن خط‌ها', en: 'Wrap lines' }

/** Code, always left to right, that scrolls or wraps, with a button that copies it. `label` names the region. */
export function codeBlock(text: string, label: Text): HTMLElement {
  const pre = make('pre', { attributes: { dir: 'ltr', tabindex: '0', role: 'region' } }, make('code', { text }))
  const wrap = make('button', { class: 'quiet', attributes: { type: 'button', 'aria-pressed': 'false' } })
  inLanguage(wrap, () => {
    wrap.textContent = textOf(WRAP)
    pre.setAttribute('aria-label', textOf(label))
  })
  wrap.addEventListener('click', () => {
    const isWrapped = pre.classList.toggle('wrapped')
    wrap.setAttribute('aria-pressed', String(isWrapped))
  })
  return make(
    'div',
    { class: 'code-block' },
    make(
      'div',
      { class: 'row' },
      copyButton(COPY, () => text),
      wrap,
    ),
    pre,
  )
}
