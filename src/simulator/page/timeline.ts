import type { Snapshot, TimelineEntry } from '../shown.ts'
import { dropElement, find, make } from '../../ui/dom.ts'
import { worded } from '../../ui/worded.ts'
import { entryDetail } from './entry-detail.ts'
import { filterBar } from './filter.ts'
import { JourneyCard } from './journey-card.ts'
import { listKeys } from './list-keys.ts'
import { timelineText } from './timeline-words.ts'

type Timeline = {
  update: (snapshot: Pick<Snapshot, 'run' | 'timeline' | 'people'>) => void
  add: (entry: TimelineEntry) => void
  forget: (ids: readonly number[]) => void
}

/** Wide enough for an entry beside the list rather than in it. */
const WIDE = window.matchMedia('(width >= 100rem)')

/** One card a journey, the newest first. `reveal` brings the timeline in sight, for an address that names an entry. */
export function timeline(reveal: () => void): Timeline {
  const list = find('data-timeline')
  listKeys(list)
  const cards = new Map<number, JourneyCard>()
  let people: Snapshot['people'] | undefined
  let shownRun: string | undefined

  const filter = filterBar((chosen) => {
    for (const card of cards.values()) card.filter(chosen)
    tellEmpty()
  })
  const nothing = make(
    'p',
    { class: 'empty', attributes: { 'data-no-match': '', hidden: '' } },
    worded('span', timelineText('nothingMatches')),
    worded('button', timelineText('clearFilter'), {
      class: 'quiet',
      attributes: { type: 'button' },
      on: { click: filter.clear },
    }),
  )
  find('data-filter').append(filter.element, nothing)
  const tellEmpty = () => {
    find('data-empty').hidden = cards.size > 0
    nothing.hidden = cards.size === 0 || [...cards.values()].some(({ element }) => !element.hidden)
  }

  const add = (entry: TimelineEntry) => {
    if (people === undefined) return
    const card = cards.get(entry.journey) ?? new JourneyCard(entry.journey, people, detailPlace())
    if (card.has(entry.id)) return
    card.add(entry, filter.current())
    if (!cards.has(entry.journey)) {
      cards.set(entry.journey, card)
      list.prepend(card.element)
    }
    tellEmpty()
  }
  const drop = (id: number) => {
    for (const [journey, card] of cards) {
      if (!card.has(id)) continue
      card.drop(id, list)
      if (!card.isEmpty) continue
      cards.delete(journey)
      dropElement(card.element, list)
    }
  }
  const keep = (entries: readonly TimelineEntry[]) => {
    const ids = new Set(entries.map(({ id }) => id))
    for (const element of list.querySelectorAll<HTMLElement>('[data-entry]')) {
      const id = Number(element.dataset['entry'])
      if (!ids.has(id)) drop(id)
    }
    for (const entry of entries) add(entry)
    tellEmpty()
  }
  const openNamed = () => {
    const named = /^#(entry-\d+)$/.exec(location.hash)?.[1]
    const details = named === undefined ? undefined : document.getElementById(named)?.querySelector('details')
    if (!details) return
    reveal()
    details.open = true
    details.scrollIntoView({ block: 'nearest' })
    details.querySelector('summary')?.focus()
  }
  window.addEventListener('hashchange', openNamed)
  return {
    update: ({ run, timeline: entries, people: named }) => {
      people = named
      const isFirst = shownRun === undefined
      // Another run counts its entries from the start again.
      if (run !== shownRun) keep([])
      shownRun = run
      keep(entries)
      if (isFirst) openNamed()
    },
    add,
    forget: (ids) => {
      for (const id of ids) drop(id)
      tellEmpty()
    },
  }
}

/** Shows an entry's detail in the entry itself, or in a wide window beside the list, one at a time. */
const detailPlace = once(() => {
  const aside = find('data-detail')
  const hint = worded('p', timelineText('pickEntry'), { class: 'empty' })
  aside.replaceChildren(hint)
  let beside: HTMLDetailsElement | undefined
  WIDE.addEventListener('change', () => {
    for (const details of document.querySelectorAll<HTMLDetailsElement>('.entry[open]')) details.open = false
  })
  return (details: HTMLDetailsElement, entry: TimelineEntry) => {
    details.querySelector('.detail')?.remove()
    if (!details.open) {
      if (beside !== details) return
      beside = undefined
      aside.replaceChildren(hint)
      return
    }
    const detail = entryDetail(entry)
    if (!WIDE.matches) {
      details.append(detail)
      return
    }
    const former = beside
    beside = details
    if (former && former !== details) former.open = false
    aside.replaceChildren(detail)
  }
})

function once<Value>(make: () => Value): () => Value {
  let made: { value: Value } | undefined
  return () => (made ??= { value: make() }).value
}
