import type { ClickResult, Framable } from '../shown.ts'
import { make, messageOf } from '../../ui/dom.ts'
import { icon } from './icons.ts'
import { landingFrame, type LandingFrame, type Seen } from './landing-frame.ts'
import { noteText } from './notes.ts'
import { placeholderLanding } from './placeholder-landing.ts'
import { worded } from '../../ui/worded.ts'
import { inLanguage } from '../../ui/language.ts'
import { wordOf, say, type Word } from './words.ts'

/** Where a click led, and how to ask again: a consent link works once, so only another click leads to the landing behind it. */
type Landing = { url: string; framable: Framable | undefined; repeat: () => Promise<ClickResult> }

const WINDOW = { target: '_blank', rel: 'noopener noreferrer' }

const NO_FRAME: Record<Framable, Word> = {
  yes: 'notFramable',
  no: 'refusesFrames',
  download: 'isDownload',
  empty: 'isEmpty',
  placeholder: 'placeholder',
  unknown: 'notFramable',
}

/** The page that opens over a phone's chat: the landing in a frame where that can be, else why not and a way to open it. */
export class WebView {
  readonly element: HTMLElement
  readonly #onClose: () => void
  readonly #address = make('bdi', { class: 'address', attributes: { 'data-webview-address': '' } })
  readonly #close = worded('button', wordOf('close'), {
    class: 'quiet',
    attributes: { type: 'button', 'data-webview-close': '' },
  })
  readonly #again = make(
    'button',
    { class: 'quiet', attributes: { type: 'button', 'data-open-again': '' } },
    icon('RELOAD'),
  )
  readonly #window = make('a', { class: 'quiet', attributes: WINDOW }, icon('OPEN'))
  readonly #hint = make('div', { class: 'hint', attributes: { role: 'status' } })
  #shownHint: Word | undefined
  readonly #content = make('div', { class: 'webview-content' })
  #landing: Landing | undefined
  #frame: LandingFrame | undefined
  #returnTo: Element | null = null

  constructor(label: () => string, onClose: () => void) {
    this.#onClose = onClose
    const bar = make('div', { class: 'webview-bar' }, this.#close, this.#address, this.#again, this.#window)
    this.element = make(
      'div',
      { class: 'webview', attributes: { 'data-webview': '', role: 'dialog', 'aria-modal': 'false', hidden: '' } },
      bar,
      this.#hint,
      this.#content,
    )
    named(this.#again, 'openAgain')
    named(this.#window, 'openWindow')
    inLanguage(this.element, () => {
      this.element.setAttribute('aria-label', `${say('webView')}, ${label()}`)
    })
    this.#close.addEventListener('click', () => {
      this.#shut()
    })
    this.#again.addEventListener('click', () => {
      this.#openAgain()
    })
    this.#window.addEventListener('click', (event) => {
      this.#openWindow(event)
    })
    this.element.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.#shut()
    })
    // The simulator's own page at the end of the way back says so to the page that frames it.
    window.addEventListener('message', ({ origin, data, source }: MessageEvent<unknown>) => {
      const isBack = typeof data === 'object' && data !== null && 'kenar' in data && data.kenar === 'completed'
      if (origin === location.origin && isBack && this.#frame?.element.contentWindow === source) this.#shut()
    })
  }

  open(landing: Landing): void {
    const { url, framable } = landing
    if (this.element.hidden) this.#returnTo = document.activeElement
    this.#landing = landing
    this.#sayAddress(() => url)
    this.#window.href = webAddress(url)
    this.#clearHint()
    this.#frame =
      framable === 'yes'
        ? landingFrame(url, (seen) => {
            this.#show(seen)
          })
        : undefined
    this.#content.replaceChildren(this.#frame?.element ?? this.#unframed(url, framable ?? 'unknown'))
    if (!this.element.hidden) return
    this.element.hidden = false
    this.#close.focus()
  }

  #shut(): void {
    if (this.element.hidden) return
    this.element.hidden = true
    this.#sayAddress(() => '')
    this.#clearHint()
    this.#content.replaceChildren()
    this.#landing = undefined
    this.#frame = undefined
    this.#onClose()
    if (this.#returnTo instanceof HTMLElement) this.#returnTo.focus()
    this.#returnTo = null
  }

  /** Says where the frame is, and offers a way out where it may have come to a dead end. */
  #show(seen: Seen): void {
    const answered = this.#frame?.hasAnswered() ?? false
    if (seen.kind === 'own') this.#sayAddress(() => seen.url)
    if (seen.kind === 'app' && answered) this.#sayAddress(() => say('afterConsent'))
    const hint = seen.kind === 'silent' ? 'noPage' : seen.kind === 'app' && answered ? 'mayBeBlank' : undefined
    // Drawn again only when it changes: a click on a hint that is replaced meanwhile would be lost.
    if (hint === this.#shownHint) return
    this.#clearHint()
    this.#shownHint = hint
    if (hint !== undefined) this.#hint.append(...this.#hintOf(hint))
  }

  #clearHint(): void {
    this.#shownHint = undefined
    this.#hint.replaceChildren()
  }

  #sayAddress(text: () => string): void {
    inLanguage(this.#address, () => {
      this.#address.textContent = text()
      this.#address.dir = /^\w+:/.test(text()) ? 'ltr' : 'auto'
    })
  }

  #hintOf(word: Word): Node[] {
    const again = worded('button', wordOf('openAgain'), { class: 'link', attributes: { type: 'button' } })
    again.addEventListener('click', () => {
      this.#openAgain()
    })
    const open = worded('a', wordOf('openWindow'), {
      class: 'link',
      attributes: { ...WINDOW, href: this.#window.href, 'data-open-window': '' },
    })
    open.addEventListener('click', (event) => {
      this.#openWindow(event)
    })
    return [worded('p', wordOf(word)), again, open]
  }

  #unframed(url: string, framable: Framable): HTMLElement {
    const open = worded('a', wordOf('openWindow'), {
      class: 'quiet',
      attributes: { ...WINDOW, href: webAddress(url), 'data-open-window': '' },
    })
    const again = worded('button', wordOf('openAgain'), { class: 'quiet', attributes: { type: 'button' } })
    again.addEventListener('click', () => {
      this.#openAgain()
    })
    if (framable === 'placeholder') return placeholderLanding(url, again)
    const address = make('p', { class: 'soft', text: url, attributes: { dir: 'ltr' } })
    return make(
      'div',
      { class: 'unframed' },
      worded('p', wordOf(NO_FRAME[framable])),
      address,
      make('div', { class: 'row' }, open, again),
    )
  }

  #openAgain(): void {
    this.#repeat((landing) => {
      this.open(landing)
    })
  }

  /** Once the user has answered, the link behind the consent page is used up: then a new click leads to the landing itself. */
  #openWindow(event: Event): void {
    if (this.#frame?.hasAnswered() !== true) return
    event.preventDefault()
    // Opened at once, since a browser allows a window only while it handles the user's click.
    const tab = window.open('about:blank')
    if (tab !== null) tab.opener = null
    this.#repeat(
      (landing) => {
        if (tab === null) this.open({ ...landing, framable: 'unknown' })
        else tab.location.href = webAddress(landing.url)
      },
      () => tab?.close(),
    )
  }

  /** Makes the click again that led here. */
  #repeat(then: (landing: Landing) => void, otherwise: () => void = () => undefined): void {
    const landing = this.#landing
    if (landing === undefined || this.#again.getAttribute('aria-busy') === 'true') return
    const fail = (why: string) => {
      otherwise()
      this.#clearHint()
      this.#hint.append(make('p', { text: `${say('refusal')}: ${noteText(why).text}`, attributes: { dir: 'auto' } }))
    }
    this.#again.setAttribute('aria-busy', 'true')
    landing
      .repeat()
      .then(({ url, framable, refusal = '' }) => {
        if (this.#landing !== landing) otherwise()
        else if (url === undefined) fail(refusal)
        else then({ ...landing, url, framable })
      })
      .catch((error: unknown) => {
        fail(messageOf(error))
      })
      .finally(() => {
        this.#again.removeAttribute('aria-busy')
      })
  }
}

function webAddress(url: string): string {
  return /^https?:/i.test(url) ? url : 'about:blank'
}

function named(element: HTMLElement, word: Word): void {
  inLanguage(element, () => {
    element.setAttribute('aria-label', say(word))
    element.title = say(word)
  })
}
