import type { ClickResult } from '../shown.ts'
import { make } from './dom.ts'
import { icon } from './icons.ts'
import { inLanguage, say, type Word } from './words.ts'

const SANDBOX = 'allow-scripts allow-forms allow-same-origin allow-popups allow-downloads'

export type WebView = { element: HTMLElement; open: (url: string, framable: ClickResult['framable']) => void }

/** The page that opens over a phone's chat: the landing in a frame where it can be framed, else its address and a way to open it. */
export function webView(label: () => string, onClose: () => void): WebView {
  const address = make('bdi', { class: 'address', attributes: { 'data-webview-address': '', dir: 'ltr' } })
  const close = worded('close', { type: 'button', 'data-webview-close': '' })
  const open = make('a', { class: 'quiet', attributes: { target: '_blank', rel: 'noopener noreferrer' } }, icon('OPEN'))
  inLanguage(() => {
    open.setAttribute('aria-label', say('openTab'))
    open.title = say('openTab')
  })
  const content = make('div', { class: 'webview-content' })
  const element = make(
    'div',
    { class: 'webview', attributes: { 'data-webview': '', role: 'dialog', 'aria-modal': 'false', hidden: '' } },
    make('div', { class: 'webview-bar' }, close, address, open),
    content,
  )
  inLanguage(() => {
    element.setAttribute('aria-label', `${say('webView')}, ${label()}`)
  })
  let returnTo: Element | null = null
  const shut = () => {
    if (element.hidden) return
    element.hidden = true
    address.textContent = ''
    content.replaceChildren()
    onClose()
    if (returnTo instanceof HTMLElement) returnTo.focus()
  }
  close.addEventListener('click', shut)
  element.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') shut()
  })
  // The simulator's own page at the end of the way back says so to whoever frames it.
  window.addEventListener('message', ({ origin, data, source }: MessageEvent<unknown>) => {
    const frame = content.querySelector('iframe')
    const isBack = typeof data === 'object' && data !== null && 'kenar' in data && data.kenar === 'completed'
    if (origin === location.origin && isBack && frame?.contentWindow === source) shut()
  })
  return {
    element,
    open: (url, framable) => {
      if (element.hidden) returnTo = document.activeElement
      address.textContent = url
      open.setAttribute('href', /^https?:/i.test(url) ? url : 'about:blank')
      content.replaceChildren(framable === 'yes' ? frameOf(url) : addressOf(url))
      element.hidden = false
      close.focus()
    },
  }
}

function frameOf(url: string): HTMLElement {
  return make('iframe', { attributes: { src: url, sandbox: SANDBOX, title: url, referrerpolicy: 'no-referrer' } })
}

function addressOf(url: string): HTMLElement {
  const why = make('p')
  inLanguage(() => {
    why.textContent = say('notFramable')
  })
  const link = make('a', {
    text: url,
    attributes: { href: url, dir: 'ltr', target: '_blank', rel: 'noopener noreferrer' },
  })
  return make('div', { class: 'unframed' }, why, link)
}

function worded(word: Word, attributes: Record<string, string>): HTMLElement {
  const element = make('button', { class: 'quiet', attributes })
  inLanguage(() => {
    element.textContent = say(word)
  })
  return element
}
