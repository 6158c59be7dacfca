import { refreshTimes } from '../../ui/ago.ts'
import { find, make } from '../../ui/dom.ts'
import { currentLanguage, inLanguage } from '../../ui/language.ts'
import { followWords } from '../../ui/page-words.ts'
import { tabs } from '../../ui/tabs.ts'
import { api, Refusal } from './api.ts'
import { attentionStrip } from './attention.ts'
import { messageTable, subscriptionTable } from './columns.ts'
import { conversationPanel } from './conversation.ts'
import { detailPanel, type Shown } from './detail.ts'
import { filterBar, type Filters } from './filters.ts'
import { header } from './header.ts'
import { list, type List } from './list.ts'
import { poll } from './poll.ts'
import type { Message, Subscription } from './shapes.ts'
import { readView, sinceOf, TABS, writeView, type Tab, type View } from './view.ts'
import { say, WORDS } from './words.ts'

let view = readView()
const callers = told('console-callers')
/** What this gateway has besides messages and events. */
const parts = new Set(told('console-parts'))
/** The rows last read, for their details: a subscription has no route of its own. */
let subscriptions: readonly Subscription[] = []
/** Whether the tabs are drawn and choose what is read. */
let isReady = false
/** Whether the details are brought into sight once they are read, and get the focus. */
let reveal: 'no' | 'seen' | 'focused' = view.open === '' ? 'no' : 'seen'

followWords(WORDS, () => {
  find('data-docs').setAttribute('href', `/docs?lang=${currentLanguage()}`)
})

const change = (next: Partial<View>) => {
  view = { ...view, ...next }
  writeView(next)
  if (next.tab !== undefined) choose(next.tab)
  showView()
  polling.now()
}
const open = (id: string) => {
  change({ open: id })
  reveal = 'focused'
}

const top = header(callers, parts.has('timeline'), (next) => {
  // Also so that the keyboard of a phone goes away from what is found.
  if (next.conversation !== undefined && next.conversation !== '') conversation.focusFound()
  change(next)
})
const strip = attentionStrip(change)
if (parts.has('attention')) strip.expect()
const detail = detailPanel({
  close: () => {
    closeDetail()
  },
  open,
  changed: () => {
    polling.now()
  },
})
const refresh = () => {
  polling.now()
}
const clearFilter = () => {
  change({ state: '', wire: '', caller: '', age: '', conversation: '' })
}
const tables = {
  messages: messageTable('messages', open),
  events: messageTable('events', open),
  subscriptions: subscriptionTable(open),
}
const bars = {
  messages: filterBar('messages', change, refresh),
  events: filterBar('events', change, refresh),
  subscriptions: filterBar('subscriptions', change, refresh),
}
const lists: Record<Exclude<Tab, 'conversations'>, List> = {
  messages: list({
    table: tables.messages,
    read: api.messages,
    empty: { title: 'noMessages', how: 'noMessagesHow' },
    clearFilter,
    refresh,
    tell: tellStates(bars.messages),
  }),
  events: list({
    table: tables.events,
    read: api.messages,
    empty: { title: 'noEvents', how: 'noEventsHow' },
    clearFilter,
    refresh,
    tell: tellStates(bars.events),
  }),
  subscriptions: list({
    table: tables.subscriptions,
    read: async (query) => {
      const page = await api.subscriptions(query)
      subscriptions = page.rows
      return page
    },
    empty: { title: 'noSubscriptions', how: 'noSubscriptionsHow' },
    clearFilter,
    refresh,
  }),
}
const conversation = conversationPanel(open)
const panels: Record<Tab, HTMLElement> = {
  messages: make('div', { class: 'panel' }, bars.messages.element, lists.messages.element),
  events: make('div', { class: 'panel' }, bars.events.element, lists.events.element),
  subscriptions: make('div', { class: 'panel' }, bars.subscriptions.element, lists.subscriptions.element),
  conversations: make('div', { class: 'panel' }, conversation.element),
}
const { list: heads, choose } = tabs(
  WORDS.views,
  [
    { id: 'messages', title: WORDS.messages, panel: panels.messages },
    ...TABS.slice(1)
      .filter(hasTab)
      .map((id) => ({ id, title: WORDS[id], panel: panels[id] })),
  ],
  (id) => {
    const tab = TABS.find((one) => one === id)
    // Called at first by `tabs` itself, before anything is read.
    if (tab !== undefined && tab !== view.tab && isReady) change({ tab, open: '', state: '' })
  },
)
find('data-tabs').append(heads)
find('data-lists').prepend(...TABS.filter(hasTab).map((tab) => panels[tab]))

/** A list of words that the gateway wrote into the page. */
function told(name: string): string[] {
  const { content = '' } = document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`) ?? {}
  return content.split(' ').filter((word) => word !== '')
}

function hasTab(tab: Tab): boolean {
  return tab === 'conversations' ? parts.has('timeline') : tab !== 'subscriptions' || parts.has('subscriptions')
}

function tellStates(bar: Filters) {
  return (rows: readonly Message[] | undefined, hasMore: boolean) => {
    bar.tellStates(rows && new Set(rows.map(({ state }) => state)), hasMore)
  }
}

function showView(): void {
  top.show(view)
  for (const bar of Object.values(bars)) bar.show(view)
}

async function readLists(): Promise<void> {
  const { tab, state, wire, caller, conversation: id, open: openKey } = view
  const since = sinceOf(view.age)
  switch (tab) {
    case 'messages':
      await lists.messages.load({ state, wire, caller, since }, openKey)
      return
    case 'events':
      await lists.events.load({ state, wire: 'event', since }, openKey)
      return
    case 'subscriptions':
      await lists.subscriptions.load({ state, caller }, openKey)
      return
    case 'conversations':
      await conversation.load(id, openKey)
  }
}

async function readDetail(): Promise<void> {
  const id = view.open
  const shown = id === '' ? undefined : await readShown(id)
  if (id !== view.open) return
  document.body.toggleAttribute('data-has-detail', id !== '')
  detail.show(shown)
  if (reveal !== 'no' && id !== '') detail.reveal(reveal === 'focused')
  reveal = 'no'
}

async function readShown(id: string): Promise<Shown> {
  if (id.startsWith('sub_')) {
    const subscription = subscriptions.find((one) => one.id === id)
    return subscription === undefined ? { kind: 'gone', id } : { kind: 'subscription', subscription }
  }
  try {
    const [message, timeline] = await Promise.all([
      api.message(id),
      parts.has('timeline') && view.tab !== 'conversations' ? api.timelineOf(id) : undefined,
    ])
    return { kind: 'message', message, entries: timeline?.entries }
  } catch (error) {
    if (error instanceof Refusal && error.status === 404) return { kind: 'gone', id }
    throw error
  }
}

function closeDetail(): void {
  const id = view.open
  if (id === '') return
  change({ open: '' })
  document.body.removeAttribute('data-has-detail')
  detail.show(undefined)
  if (view.tab === 'conversations') conversation.focus(id)
  else tables[view.tab].focus(id)
}

document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && document.querySelector('dialog[open]') === null) closeDetail()
})

const connection = find('data-connection')
const polling = poll(
  async () => {
    // What needs attention is shown also while nothing else can be read.
    await Promise.all([
      parts.has('attention') ? api.attention().then(strip.show) : undefined,
      readLists().then(readDetail),
    ])
    refreshTimes()
  },
  (isReachable) => {
    connection.hidden = isReachable
    inLanguage(connection, () => {
      connection.textContent = isReachable ? '' : say('unreachable')
    })
  },
)
if (!hasTab(view.tab)) view.tab = 'messages'
choose(view.tab)
isReady = true
showView()
