import { copyButton } from './copy.ts'
import { make } from './dom.ts'
import type { Text } from './language.ts'

const COPY_PATH: Text = { fa: 'کپی مسیر', en: 'Copy path' }
const COPY_VALUE: Text = { fa: 'کپی مقدار', en: 'Copy value' }
/** Deeper values are folded at first. */
const OPEN_DEPTH = 2
const SHOWN_MEMBERS = 200

/** A JSON value as a tree: objects and arrays fold, and the path or value of each can be copied. */
export function jsonTree(value: unknown): HTMLElement {
  return make('div', { class: 'json', attributes: { dir: 'ltr' } }, node('', value, '$', 0))
}

function node(name: string, value: unknown, path: string, depth: number): HTMLElement {
  const named = name === '' ? [] : [make('span', { class: 'key', text: `${name}: ` })]
  if (typeof value !== 'object' || value === null) {
    const text = JSON.stringify(value)
    return make('div', { class: 'leaf' }, ...named, make('bdi', { class: typeof value, text }), tools(value, path))
  }
  const members = Object.entries(value)
  const brackets = Array.isArray(value) ? `[${members.length}]` : `{${members.length}}`
  const summary = make('summary', {}, ...named, make('span', { class: 'soft', text: brackets }))
  const details = make('details', {}, summary, tools(value, path))
  const fill = () => {
    if (details.childElementCount > 2) return
    const below = members
      .slice(0, SHOWN_MEMBERS)
      .map(([key, member]) =>
        node(key, member, Array.isArray(value) ? `${path}[${key}]` : path + memberPath(key), depth + 1),
      )
    const left = members.length - SHOWN_MEMBERS
    details.append(...below, ...(left > 0 ? [make('div', { class: 'soft', text: `… +${left}` })] : []))
  }
  details.addEventListener('toggle', () => {
    if (details.open) fill()
  })
  if (depth < OPEN_DEPTH) {
    details.open = true
    fill()
  }
  return details
}

function memberPath(key: string): string {
  return /^[A-Za-z_]\w*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
}

function tools(value: unknown, path: string): HTMLElement {
  return make(
    'span',
    { class: 'tools' },
    copyButton(COPY_PATH, () => path),
    copyButton(COPY_VALUE, () => (typeof value === 'string' ? value : JSON.stringify(value, null, 2))),
  )
}
