import { choice } from '../../ui/choice.ts'
import { make } from '../../ui/dom.ts'
import { inLanguage, textOf } from '../../ui/language.ts'
import { ACT_WORDS } from './act-words.ts'
import { openBulk } from './bulk.ts'
import { MESSAGE_STATES, SUBSCRIPTION_STATES, type Act, type MessageState, type SubscriptionState } from './shapes.ts'
import { sayState } from './state-words.ts'
import { AGES, sinceOf, type Tab, type View } from './view.ts'
import { fill, say } from './words.ts'

const WIRES = ['v1', 'v2', 'bot'] as const
/** In the words of the gateway: events have no caller, and stand under this name. */
const EVENTS_CALLER = '@events'
const RETRIED: readonly MessageState[] = ['failed', 'rejected', 'expired']

export type Filters = {
  element: HTMLElement
  show: (view: View) => void
  /** Which states the listed rows have; undefined until they are read. */
  tellStates: (states: ReadonlySet<string> | undefined, hasMore: boolean) => void
}

/** The filter bar of a tab, with what can be done to all that match. */
export function filterBar(
  tab: Exclude<Tab, 'conversations'>,
  onChange: (change: Partial<View>) => void,
  refresh: () => void,
): Filters {
  const states: readonly (MessageState | SubscriptionState)[] =
    tab === 'subscriptions' ? SUBSCRIPTION_STATES : MESSAGE_STATES
  const state = choice({
    name: 'state',
    all: states,
    sayName: () => say('state'),
    sayAny: () => say('allStates'),
    sayOne: sayState,
  })
  state.addEventListener('change', () => {
    onChange({ state: state.value })
  })
  const element = make('div', { class: 'row filters' }, state)
  const wire = choice({
    name: 'wire',
    all: WIRES,
    sayName: () => say('wire'),
    sayAny: () => say('allWires'),
    sayOne: (one) => (one === 'bot' ? say('bot') : one),
  })
  wire.addEventListener('change', () => {
    onChange({ wire: wire.value })
  })
  if (tab === 'messages') element.append(wire)
  const bulk = make('button', { class: 'quiet bulk-open', attributes: { type: 'button', 'data-bulk-open': '' } })
  let view: View | undefined
  /** Whether some of the rows may be acted on all at once. */
  let hasSome = (_: View) => false
  bulk.addEventListener('click', () => {
    if (view !== undefined) openBulkOf(tab, view, refresh)
  })
  const noBulk = make('p', { class: 'soft', attributes: { 'data-no-bulk': '' } })
  if (tab !== 'subscriptions') element.append(bulk, noBulk)
  const draw = () => {
    const act = view && hasSome(view) ? actOf(tab, { ...view, wire: '' }) : undefined
    const isHidden = act === undefined || view?.wire !== ''
    if (isHidden && document.activeElement === bulk) state.focus()
    bulk.hidden = isHidden
    noBulk.hidden = act === undefined || view?.wire === ''
    noBulk.textContent = textOf(ACT_WORDS.needsAllWires)
    const words =
      act === 'cancel'
        ? ACT_WORDS.cancelAll
        : view?.state === '' || view?.state === 'failed'
          ? ACT_WORDS.retryAllFailed
          : ACT_WORDS.retryAll
    bulk.textContent = textOf(words)
  }
  inLanguage(element, draw)
  return {
    element,
    show: (next) => {
      view = next
      state.value = states.find((one) => one === next.state) ?? ''
      wire.value = next.wire
      draw()
    },
    tellStates: (listed, hasMore) => {
      hasSome = ({ state: wanted }) =>
        listed !== undefined && (hasMore || listed.has(wanted === '' ? 'failed' : wanted))
      draw()
    },
  }
}

/** What can be done to all messages of this view; nothing where the gateway has no such filter. */
function actOf(tab: Tab, { state, wire }: View): Act | undefined {
  if (wire !== '') return undefined
  if (state === 'queued' && tab === 'messages') return 'cancel'
  return state === '' || state === 'unknown' || RETRIED.some((one) => one === state) ? 'retry' : undefined
}

function openBulkOf(tab: Tab, view: View, onChanged: () => void): void {
  const act = actOf(tab, view)
  if (act === undefined) return
  const state = view.state === '' ? 'failed' : view.state
  const caller = tab === 'events' ? EVENTS_CALLER : view.caller
  const since = sinceOf(view.age)
  const age = AGES.find((one) => one === view.age)
  const which = fill(textOf(ACT_WORDS.which), {
    state: sayState(MESSAGE_STATES.find((one) => one === state) ?? 'failed'),
    caller: tab === 'events' ? say('events') : view.caller || say('allCallers'),
    age: say(age ?? 'anyAge'),
  })
  openBulk({
    act,
    isOfEvents: tab === 'events',
    filter: { state, ...(caller !== '' && { caller }), ...(since !== '' && { since }) },
    which,
    mayRepeat: state === 'unknown',
    others: tab === 'messages' && act === 'retry' && state === 'failed' ? textOf(ACT_WORDS.othersNotIncluded) : '',
    onChanged,
  })
}
