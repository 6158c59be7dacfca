import { codeBlock } from '../../ui/code-block.ts'
import { make } from '../../ui/dom.ts'
import type { Text } from '../../ui/language.ts'
import { tabs } from '../../ui/tabs.ts'
import { forThisGateway } from './this-gateway.ts'

const STORED_AS = 'sample'
const LABEL: Text = { fa: 'زبان نمونه‌کد', en: 'Language of the sample' }

/** All samples of the page are shown in the same language. */
const shown: ((language: string) => void)[] = []
let isChoosing = false

/** Folded samples become tabs, each with a button that copies it. */
export function showSamples(place: HTMLElement): void {
  const id = place.dataset['samples'] ?? ''
  const [first, ...others] = [...place.querySelectorAll<HTMLElement>('[data-sample]')].map((sample) => {
    const title = sample.querySelector('summary')?.textContent ?? ''
    const code = sample.querySelector('pre')?.textContent ?? ''
    const text = { fa: title, en: title }
    return {
      id: `${id}-${sample.dataset['sample'] ?? ''}`,
      title: text,
      panel: make('div', {}, codeBlock(forThisGateway(code), text)),
    }
  })
  if (first === undefined) return
  const all = [first, ...others] as const
  const remembered = localStorage.getItem(STORED_AS)
  const switcher = quietly(() =>
    tabs(LABEL, [first, ...others], (chosen) => {
      chooseEverywhere(chosen.slice(id.length + 1))
    }),
  )
  shown.push((language) => {
    if (all.some((one) => one.id === `${id}-${language}`)) switcher.choose(`${id}-${language}`)
  })
  place.replaceChildren(switcher.list, ...all.map(({ panel }) => panel))
  if (remembered !== null) quietly(() => shown.at(-1)?.(remembered))
}

function chooseEverywhere(language: string): void {
  if (isChoosing) return
  localStorage.setItem(STORED_AS, language)
  quietly(() => {
    for (const show of shown) show(language)
  })
}

/** Without answering each change with another. */
function quietly<Result>(act: () => Result): Result {
  isChoosing = true
  const result = act()
  isChoosing = false
  return result
}
