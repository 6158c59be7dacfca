import { find, make } from '../../ui/dom.ts'
import { currentLanguage, textOf, type Text } from '../../ui/language.ts'
import { readIndex, type Found } from './data.ts'

const KINDS: Record<Found['kind'], Text> = {
  heading: { fa: 'عنوان', en: 'Heading' },
  route: { fa: 'مسیر', en: 'Route' },
  field: { fa: 'فیلد', en: 'Field' },
  code: { fa: 'کد خطا', en: 'Error code' },
  schema: { fa: 'schema', en: 'Schema' },
}
const NOTHING: Text = { fa: 'چیزی پیدا نشد', en: 'Nothing found' }
const UNAVAILABLE: Text = {
  fa: 'فهرست جست‌وجو نیامد. با حرف بعدی دوباره تلاش می‌شود.',
  en: 'The index of the search could not be had. The next letter tries again.',
}
const TIMEOUT_MS = 10_000
const MAX_SHOWN = 12

/** The search: `/` goes to it, arrows choose, Enter opens, Escape closes. Its index is fetched when it is first used, and again if that failed. */
export function startSearch(): void {
  const form = find('data-search')
  const input = form.querySelector('input')
  const list = form.querySelector('ul')
  if (input === null || list === null) throw new Error('the page has no search')
  form.hidden = false
  let index: Promise<readonly Found[]> | undefined
  const load = () =>
    (index ??= fetchIndex(form.dataset['search'] ?? '').catch((error: unknown) => {
      index = undefined
      throw error
    }))
  let chosen = -1

  const choose = (at: number) => {
    const options = [...list.querySelectorAll<HTMLElement>('[role="option"]')]
    chosen = options.length === 0 ? -1 : (at + options.length) % options.length
    for (const [place, option] of options.entries()) option.setAttribute('aria-selected', String(place === chosen))
    const option = options[chosen]
    if (option === undefined) input.removeAttribute('aria-activedescendant')
    else input.setAttribute('aria-activedescendant', option.id)
    option?.scrollIntoView({ block: 'nearest' })
  }
  const show = (isShown: boolean) => {
    list.hidden = !isShown
    input.setAttribute('aria-expanded', String(isShown))
  }
  const search = async () => {
    const asked = input.value
    const all = asked.trim() === '' ? [] : await load().catch(() => undefined)
    if (asked !== input.value) return
    const found = matchesOf(all ?? [], asked)
    list.replaceChildren(...found.map(drawFound))
    if (found.length === 0)
      list.append(make('li', { class: 'soft', text: textOf(all === undefined ? UNAVAILABLE : NOTHING) }))
    show(asked.trim() !== '')
    choose(found.length === 0 ? -1 : 0)
  }
  const open = (option: Element | null | undefined) => {
    const url = option instanceof HTMLElement ? option.dataset['url'] : undefined
    if (url === undefined) return
    show(false)
    input.value = ''
    input.blur()
    location.assign(url)
  }

  input.addEventListener('input', () => void search())
  input.addEventListener('focus', () => void load().catch(() => undefined))
  input.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') {
      input.value = ''
      show(false)
      input.blur()
    }
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
    if (step === 0 || list.hidden) return
    event.preventDefault()
    choose(chosen + step)
  })
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    open(list.querySelectorAll('[role="option"]')[chosen])
  })
  // The focus stays in the field, so that leaving it closes the list.
  list.addEventListener('mousedown', (event) => {
    event.preventDefault()
  })
  list.addEventListener('click', (event) => {
    if (event.target instanceof Element) open(event.target.closest('[role="option"]'))
  })
  input.addEventListener('blur', () => {
    show(false)
  })
  document.addEventListener('keydown', (event) => {
    if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
    event.preventDefault()
    input.focus()
  })
}

async function fetchIndex(url: string): Promise<readonly Found[]> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })
  if (!answer.ok) throw new Error(`the index of the search: ${answer.status}`)
  return readIndex(await answer.json())
}

/** All words have to be there; a title that begins with them goes first, then a shorter one. */
function matchesOf(index: readonly Found[], asked: string): readonly Found[] {
  const words = plain(asked).split(/\s+/).filter(Boolean)
  return index
    .flatMap((found) => {
      const title = plain(found.title)
      const all = `${title} ${plain(found.detail)}`
      if (!words.every((word) => all.includes(word))) return []
      const [first = ''] = words
      const rank =
        title === first ? 0 : title.startsWith(first) ? 1 : words.every((word) => title.includes(word)) ? 2 : 3
      return [{ found, rank }]
    })
    .toSorted((one, other) => one.rank - other.rank || one.found.title.length - other.found.title.length)
    .slice(0, MAX_SHOWN)
    .map(({ found }) => found)
}

/** The same text for every keyboard: Arabic letters as the Persian ones, no half-space. */
function plain(text: string): string {
  return text
    .toLocaleLowerCase(currentLanguage())
    .replaceAll('ي', 'ی')
    .replaceAll('ك', 'ک')
    .replaceAll('ٔ', '')
    .replaceAll('\u200c', '')
}

function drawFound({ kind, title, detail, url }: Found, at: number): HTMLElement {
  return make(
    'li',
    { attributes: { role: 'option', id: `found-${at}`, 'aria-selected': 'false', 'data-url': url } },
    make('bdi', { class: 'found-title', text: title }),
    make('span', { class: 'found-kind', text: textOf(KINDS[kind]) }),
    make('bdi', { class: 'found-detail', text: detail }),
  )
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input, textarea, select')
}
