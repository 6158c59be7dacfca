import { make } from '../../ui/dom.ts'
import { skeleton } from '../../ui/data-table.ts'
import { emptyState } from '../../ui/empty-state.ts'
import { inLanguage, numberText } from '../../ui/language.ts'
import { Refusal, type Query } from './api.ts'
import { whyNot } from './refusal-words.ts'
import type { Page } from './shapes.ts'
import { fill, say, type Word } from './words.ts'

const PAGE = 50
/** Requests of one reading: with a filter, pages may be nearly empty. */
const MAX_REQUESTS = 4

type ListOptions<Row> = {
  table: { element: HTMLElement; show: (rows: readonly Row[], openKey: string) => void }
  read: (query: Query) => Promise<Page<Row>>
  empty: { title: Word; how: Word }
  clearFilter: () => void
  /** Reads again, after more rows were asked for. */
  refresh: () => void
  /** Called with what is listed; with nothing until it is read. */
  tell?: (rows: readonly Row[] | undefined, hasMore: boolean) => void
}

export type List = {
  element: HTMLElement
  /** Reads the rows of this filter and shows them. */
  load: (query: Query, openKey: string) => Promise<void>
}

/** A list of rows, with a skeleton while it loads, a hint when it is empty, and a button for the next page. */
export function list<Row>({ table, read, empty, clearFilter, refresh, tell }: ListOptions<Row>): List {
  const status = make('p', { class: 'soft', attributes: { 'data-shown': '' } })
  const more = make('button', { class: 'quiet', attributes: { type: 'button', 'data-more': '' } })
  const foot = make('div', { class: 'row list-foot' }, status, more)
  const instead = make('div')
  const element = make('div', { class: 'list' }, instead, table.element, foot)
  let wanted = PAGE
  let filter: string | undefined
  let loaded: { rows: Row[]; hasMore: boolean; isFiltered: boolean; refusal?: Refusal } | undefined
  const draw = () => {
    more.textContent = say('more')
    const rows = loaded?.rows ?? []
    table.element.hidden = rows.length === 0
    foot.hidden = rows.length === 0 && loaded?.hasMore !== true
    more.hidden = loaded?.hasMore !== true
    status.textContent = fill(say(loaded?.hasMore === true ? 'shownMore' : 'shown'), { count: numberText(rows.length) })
    instead.replaceChildren(...insteadOfRows())
  }
  const insteadOfRows = (): Node[] => {
    if (loaded === undefined) return [skeleton(() => say('loading'))]
    if (loaded.refusal !== undefined) return [refusalState(loaded.refusal)]
    if (loaded.rows.length > 0 || loaded.hasMore) return []
    if (!loaded.isFiltered) return [emptyState(say(empty.title), say(empty.how))]
    const clear = make('button', { class: 'quiet', text: say('clearFilter'), attributes: { type: 'button' } })
    clear.addEventListener('click', clearFilter)
    return [emptyState(say('nothingMatches'), '', clear)]
  }
  inLanguage(element, draw)
  more.addEventListener('click', () => {
    wanted += PAGE
    refresh()
  })
  const load = async (query: Query, openKey: string): Promise<void> => {
    const asked = JSON.stringify({ ...query, since: '' })
    if (asked !== filter) {
      filter = asked
      wanted = PAGE
      loaded = undefined
      draw()
      tell?.(undefined, false)
    }
    const isFiltered = Object.values(query).some((value) => value !== '' && value !== 'event')
    try {
      const page = await collect(read, query, wanted)
      // Meanwhile another filter may have been chosen.
      if (asked !== filter) return
      loaded = { rows: page.rows, hasMore: page.next_cursor !== null, isFiltered }
    } catch (error) {
      if (!(error instanceof Refusal) || error.status === 401) throw error
      loaded = { rows: [], hasMore: false, isFiltered, refusal: error }
    }
    table.show(loaded.rows, openKey)
    draw()
    tell?.(loaded.rows, loaded.hasMore)
  }
  return { element, load }
}

async function collect<Row>(read: (query: Query) => Promise<Page<Row>>, query: Query, wanted: number) {
  const rows: Row[] = []
  let cursor: string | null = ''
  for (let request = 0; request < MAX_REQUESTS && cursor !== null && rows.length < wanted; request += 1) {
    const limit = String(Math.min(200, wanted - rows.length))
    const page: Page<Row> = await read({ ...query, limit, cursor })
    rows.push(...page.rows)
    cursor = page.next_cursor
  }
  return { rows, next_cursor: cursor }
}

/** Why there is no list. */
export function refusalState(refusal: Refusal): HTMLElement {
  const { code } = refusal
  if (code === 'store_required') return emptyState(say('noStore'), say('noStoreHow'))
  if (code === 'store_unavailable') return emptyState(say('storeAway'), say('storeAwayHow'))
  return emptyState(say('notRead'), whyNot(refusal))
}
