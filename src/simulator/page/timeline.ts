import type { Snapshot, TimelineEntry } from '../shown.ts'
import { entryItem } from './entry.ts'
import { KeyedList } from './keyed-list.ts'

type Timeline = {
  update: (snapshot: Pick<Snapshot, 'run' | 'timeline'>) => void
  add: (entry: TimelineEntry) => void
  forget: (ids: readonly number[]) => void
}

/** Newest first, so that what has just happened needs no scrolling. An entry that is open stays open. */
export function timeline(list: HTMLElement, empty: HTMLElement): Timeline {
  const shown = new KeyedList<number, TimelineEntry>(list, {
    keyOf: ({ id }) => id,
    draw: entryItem,
    place: 'prepend',
  })
  let shownRun = ''
  const tellEmpty = () => {
    empty.hidden = list.childElementCount > 0
  }
  return {
    update: ({ run, timeline: entries }) => {
      // Another run counts its entries from the start again.
      if (run !== shownRun) shown.keep([])
      shownRun = run
      shown.keep(entries)
      tellEmpty()
    },
    add: (entry) => {
      shown.add(entry)
      tellEmpty()
    },
    forget: (ids) => {
      for (const id of ids) shown.drop(id)
    },
  }
}
