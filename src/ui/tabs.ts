import { make } from './dom.ts'
import { inLanguage, numberText, textOf, type Text } from './language.ts'

type Tab = { id: string; title: Text; panel: HTMLElement }

type Tabs = {
  list: HTMLElement
  choose: (id: string) => void
  /** Shows a number beside a tab's title; 0 hides it. `meaning` tells a reader of the screen what is counted. */
  badge: (id: string, count: number, meaning: Text) => void
}

const STEPS: Readonly<Record<string, number>> = { ArrowRight: 1, ArrowLeft: -1 }

/** Tabs over panels, one shown at a time. Arrow keys, Home and End move between tabs, in the page's direction. */
export function tabs(
  label: Text,
  all: readonly [Tab, ...Tab[]],
  onChoose: (id: string) => void = () => undefined,
): Tabs {
  const list = make('div', { class: 'tabs', attributes: { role: 'tablist' } })
  inLanguage(list, () => {
    list.setAttribute('aria-label', textOf(label))
  })
  const heads = all.map(({ id, title, panel }) => {
    const head = make('button', {
      attributes: { type: 'button', role: 'tab', id: `tab-${id}`, 'aria-controls': `panel-${id}`, 'data-tab': id },
    })
    const word = make('span')
    const count = make('span', { class: 'count', attributes: { hidden: '' } })
    head.append(word, count)
    inLanguage(word, () => {
      word.textContent = textOf(title)
    })
    panel.id = `panel-${id}`
    panel.setAttribute('role', 'tabpanel')
    panel.setAttribute('aria-labelledby', head.id)
    head.addEventListener('click', () => {
      choose(id)
    })
    return { id, head, panel, count }
  })
  const choose = (id: string) => {
    for (const one of heads) {
      const isChosen = one.id === id
      one.head.setAttribute('aria-selected', String(isChosen))
      one.head.tabIndex = isChosen ? 0 : -1
      one.panel.hidden = !isChosen
    }
    onChoose(id)
  }
  list.addEventListener('keydown', (event) => {
    const at = heads.findIndex(({ head }) => head === document.activeElement)
    const step = (STEPS[event.key] ?? 0) * (document.documentElement.dir === 'rtl' ? -1 : 1)
    const next = event.key === 'Home' ? 0 : event.key === 'End' ? heads.length - 1 : step === 0 ? -1 : at + step
    const chosen = heads[(next + heads.length) % heads.length]
    if (at < 0 || (next === -1 && step === 0) || chosen === undefined) return
    event.preventDefault()
    choose(chosen.id)
    chosen.head.focus()
  })
  list.append(...heads.map(({ head }) => head))
  choose(all[0].id)
  return {
    list,
    choose,
    badge: (id, shown, meaning) => {
      const count = heads.find((one) => one.id === id)?.count
      if (count === undefined) return
      count.hidden = shown === 0
      inLanguage(count, () => {
        count.replaceChildren(
          make('span', { text: numberText(shown) }),
          make('span', { class: 'sr', text: ` ${textOf(meaning)}` }),
        )
      })
    },
  }
}
