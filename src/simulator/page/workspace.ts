import { find, make } from '../../ui/dom.ts'
import { inLanguage } from '../../ui/language.ts'
import { tabs } from '../../ui/tabs.ts'
import { say, wordOf, type Word } from './words.ts'

const TABS = ['compose', 'timeline', 'faults'] as const
export type Tab = (typeof TABS)[number]
/** What a narrow window shows one of; a wide one shows both phones beside a tab. */
const VIEWS = ['seller', 'buyer', ...TABS] as const
type View = (typeof VIEWS)[number]

type Workspace = {
  show: (tab: Tab) => void
  /** Tells on every view how many faults are armed. */
  countFaults: (armed: number) => void
}

const TITLES = {
  seller: 'seller',
  buyer: 'buyer',
  compose: 'compose',
  timeline: 'timeline',
  faults: 'faultsTab',
} as const satisfies Record<View, Word>

/** The tabs beside the phones, and in a narrow window the bar below that shows a phone or a tab. */
export function workspace(onShown: (tab: Tab) => void): Workspace {
  const main = find('data-view')
  const panels = {
    compose: find('data-compose'),
    timeline: find('data-timeline-panel'),
    faults: find('data-faults-panel'),
  }
  const view = (shown: View) => {
    main.dataset['view'] = shown
    for (const { name, button } of buttons) button.setAttribute('aria-pressed', String(name === shown))
  }
  const buttons = VIEWS.map((name) => ({ name, button: viewButton(name, go) }))
  const tabOf = (tab: Tab) => ({ id: tab, title: wordOf(TITLES[tab]), panel: panels[tab] })
  const list = tabs(wordOf('sections'), [tabOf('compose'), tabOf('timeline'), tabOf('faults')], (id) => {
    const chosen = TABS.find((tab) => tab === id)
    if (chosen === undefined) return
    view(chosen)
    onShown(chosen)
  })
  function go(name: View): void {
    const tab = TABS.find((one) => one === name)
    if (tab === undefined) view(name)
    else list.choose(tab)
  }
  find('data-tabs').append(list.list)
  find('data-bottom').append(...buttons.map(({ button }) => button))
  list.choose('timeline')
  return {
    show: list.choose,
    countFaults: (armed) => {
      list.badge('faults', armed, wordOf('armed'))
      find('data-bottom').toggleAttribute('data-armed', armed > 0)
    },
  }
}

function viewButton(name: View, onChoose: (name: View) => void): HTMLElement {
  const click = () => {
    onChoose(name)
  }
  const button = make('button', { attributes: { type: 'button', 'data-go': name }, on: { click } })
  inLanguage(button, () => {
    button.textContent = say(TITLES[name])
  })
  return button
}
