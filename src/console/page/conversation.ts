import { skeleton } from '../../ui/data-table.ts'
import { make } from '../../ui/dom.ts'
import { emptyState } from '../../ui/empty-state.ts'
import { inLanguage } from '../../ui/language.ts'
import { api, Refusal } from './api.ts'
import { entryList } from './entries.ts'
import { refusalState } from './list.ts'
import type { Entry } from './shapes.ts'
import { say } from './words.ts'

/** The timeline of the conversation that is searched for. */
export function conversationPanel(open: (id: string) => void): {
  element: HTMLElement
  load: (conversation: string, openId: string) => Promise<void>
  /** Moves the focus to the button that opens a message, once its details are closed. */
  focus: (id: string) => void
  /** Moves the focus to what is found next. */
  focusFound: () => void
} {
  const element = make('div', { class: 'conversation' })
  let shown: { conversation: string; openId: string; entries?: Entry[]; refusal?: Refusal } | undefined
  let drawnAs = ''
  let isFocusWanted = false
  const draw = () => {
    if (shown === undefined) {
      element.replaceChildren(emptyState(say('noConversation'), say('noConversationHow')))
      return
    }
    const { conversation, openId, entries, refusal } = shown
    const title = make(
      'h2',
      {},
      make('span', { text: `${say('ofConversation')} ` }),
      make('bdi', { class: 'id', text: conversation }),
    )
    title.tabIndex = -1
    const focused = element.contains(document.activeElement) ? document.activeElement : null
    const openFocused = focused instanceof HTMLElement ? focused.dataset['open'] : undefined
    element.replaceChildren(title, bodyOf(entries, refusal, openId))
    if (isFocusWanted || focused?.tagName === 'H2') title.focus()
    else if (openFocused !== undefined) buttonOf(openFocused)?.focus()
    isFocusWanted = false
  }
  const bodyOf = (entries: Entry[] | undefined, refusal: Refusal | undefined, openId: string): Node => {
    if (refusal !== undefined) return refusalState(refusal)
    if (entries === undefined) return skeleton(() => say('loading'))
    return entries.length === 0 ? emptyState(say('noEntries'), say('noEntriesHow')) : entryList(entries, openId, open)
  }
  const buttonOf = (id: string) => element.querySelector<HTMLElement>(`[data-open="${CSS.escape(id)}"]`)
  const show = (next: typeof shown) => {
    const nextAs = JSON.stringify([next, next?.refusal?.code])
    shown = next
    if (nextAs === drawnAs) return
    drawnAs = nextAs
    draw()
  }
  inLanguage(element, draw)
  return {
    element,
    load: async (conversation, openId) => {
      if (conversation === '') {
        show(undefined)
        return
      }
      if (shown?.conversation !== conversation) show({ conversation, openId })
      try {
        const { entries } = await api.timeline({ conversation_id: conversation })
        show({ conversation, openId, entries })
      } catch (error) {
        if (!(error instanceof Refusal) || error.status === 401) throw error
        show({ conversation, openId, refusal: error })
      }
    },
    focus: (id) => {
      if (shown !== undefined) show({ ...shown, openId: '' })
      buttonOf(id)?.focus()
    },
    focusFound: () => {
      isFocusWanted = true
      drawnAs = ''
    },
  }
}
