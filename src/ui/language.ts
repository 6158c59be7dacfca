/** The two languages of every page, and how its texts follow a change of language. */

export type Language = 'fa' | 'en'
/** A text in both languages. */
export type Text = Record<Language, string>

const STORED_AS = 'language'

let language = firstLanguage()
/** How an element's texts are drawn. An element that is dropped takes its entry along. */
const drawings = new WeakMap<Element, () => void>()

/** The one that was chosen here before, else the browser's. */
function firstLanguage(): Language {
  const known = [localStorage.getItem(STORED_AS) ?? '', ...navigator.languages].map((tag) => tag.slice(0, 2))
  return known.find((tag) => tag === 'fa' || tag === 'en') ?? 'fa'
}

export const currentLanguage = (): Language => language
export const textOf = (text: Text): string => text[language]

/** A number as the language writes it. Statuses, ids and code keep Latin digits: they are not passed through here. */
export const numberText = (value: number): string => value.toLocaleString(locale())

/** A time of day as the language writes it. */
export function timeText(iso: string): string {
  return new Date(iso).toLocaleTimeString(locale(), { hour: '2-digit', minute: '2-digit', second: '2-digit' })
}

/** A day and a time of day as the language writes them. */
export function dateText(iso: string): string {
  return new Date(iso).toLocaleString(locale(), { dateStyle: 'medium', timeStyle: 'medium' })
}

/** A time of day, with its day of the month unless that is the day of `nowMs`. */
export function stampText(iso: string, nowMs: number): string {
  if (new Date(iso).toDateString() === new Date(nowMs).toDateString()) return timeText(iso)
  return new Date(iso).toLocaleString(locale(), {
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  })
}

const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const

/** How long ago a time was, or how far away it is. */
export function agoText(iso: string, nowMs: number): string {
  const seconds = Math.round((Date.parse(iso) - nowMs) / 1000)
  const [unit, size] = UNITS.find(([, one]) => Math.abs(seconds) >= one) ?? ['second', 1]
  return new Intl.RelativeTimeFormat(locale(), { numeric: 'auto' }).format(Math.trunc(seconds / size), unit)
}

/** A length of time in its largest unit, e.g. `4 min`. */
export function spanText(ms: number): string {
  const seconds = ms / 1000
  const [unit, size] = seconds < 1 ? ['millisecond', 0.001] : (UNITS.find(([, one]) => seconds >= one) ?? ['second', 1])
  return new Intl.NumberFormat(locale(), {
    style: 'unit',
    unit,
    unitDisplay: 'short',
    maximumFractionDigits: unit === 'second' && seconds < 10 ? 1 : 0,
  }).format(seconds / size)
}

/** A share of one in percent. */
export function percentText(share: number): string {
  return share.toLocaleString(locale(), { style: 'percent', maximumFractionDigits: 1 })
}

function locale(): string {
  return language === 'fa' ? 'fa-IR' : 'en-GB'
}

/** Draws an element's texts now, and again after each change of language while the element is on the page. */
export function inLanguage(element: Element, draw: () => void): void {
  drawings.set(element, draw)
  element.setAttribute('data-worded', '')
  draw()
}

/** Draws all texts of the page again. */
export function redraw(): void {
  for (const element of document.querySelectorAll('[data-worded]')) drawings.get(element)?.()
}

/** Changes the language of the page, its direction included, and remembers it in this browser. */
export function changeLanguage(next: Language): void {
  language = next
  localStorage.setItem(STORED_AS, next)
  document.documentElement.lang = next
  document.documentElement.dir = next === 'fa' ? 'rtl' : 'ltr'
  redraw()
}
