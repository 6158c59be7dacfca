import type { ClickResult, ShownButton, ShownMessage, Side, Snapshot } from '../shown.ts'
import { api } from './api.ts'
import { bubble } from './bubble.ts'
import { announce, make } from './dom.ts'
import { icon } from './icons.ts'
import { webView } from './webview.ts'
import { inLanguage, say, sayOf, saySide } from './words.ts'

/** As many as the simulator itself remembers. */
const MAX_MESSAGES = 500

/** Somewhere in Tehran, a little elsewhere each time. */
const somewhere = () => ({
  latitude: Number((35.7 + Math.random() / 20).toFixed(5)),
  longitude: Number((51.38 + Math.random() / 20).toFixed(5)),
})

/** One side's phone: the chat, what that side can do in it, and the web view over it. */
export class Phone {
  readonly element: HTMLElement
  readonly #side: Side
  readonly #snapshot: Snapshot
  readonly #list = make('ol', { class: 'messages', attributes: { tabindex: '0' } })
  readonly #notice = make('div', { class: 'notice', attributes: { role: 'alert' } })
  readonly #view
  readonly #shown = new Set<string>()

  constructor(side: Side, snapshot: Snapshot) {
    this.#side = side
    this.#snapshot = snapshot
    this.#view = webView(
      () => sayOf(snapshot.people[side].name),
      () => {
        this.element.classList.remove('covered')
      },
    )
    this.element = make(
      'article',
      { class: 'phone', attributes: { 'data-phone': side } },
      this.#header(),
      this.#list,
      this.#notice,
      this.#composer(),
      this.#view.element,
    )
    inLanguage(() => {
      this.element.setAttribute(
        'aria-label',
        `${say('phoneOf')} ${sayOf(snapshot.people[side].name)}, ${saySide(side)}`,
      )
      this.#list.setAttribute('aria-label', `${say('chatWith')} ${sayOf(this.#other().name)}`)
      this.#list.dataset['none'] = say('emptyChat')
    })
    for (const message of snapshot.messages) this.add(message)
  }

  /** Shows a message, once; stays at the newest unless the reader has gone up. */
  add(message: ShownMessage): void {
    if (this.#shown.has(message.id)) return
    this.#shown.add(message.id)
    const { scrollTop, scrollHeight, clientHeight } = this.#list
    const atEnd = scrollHeight - scrollTop - clientHeight < 80
    this.#list.append(
      bubble(message, this.#side, this.#snapshot.appTitle, (of, button, row, column, pressed) => {
        this.#press(of, button, row, column, pressed)
      }),
    )
    if (this.#list.childElementCount > MAX_MESSAGES) this.#list.firstElementChild?.remove()
    if (atEnd || message.from === this.#side) this.toEnd()
  }

  /** Shows the newest; once more when it has been laid out, since what is out of sight has only a guessed height. */
  toEnd(): void {
    const scroll = () => {
      this.#list.scrollTop = this.#list.scrollHeight
    }
    scroll()
    requestAnimationFrame(() => requestAnimationFrame(scroll))
  }

  #other() {
    return this.#snapshot.people[this.#side === 'seller' ? 'buyer' : 'seller']
  }

  #header(): HTMLElement {
    const name = make('h2')
    const post = make('p', { class: 'soft' })
    const role = make('span', { class: 'role' })
    inLanguage(() => {
      name.textContent = sayOf(this.#other().name)
      post.textContent = sayOf(this.#snapshot.post.title)
      role.textContent = `${sayOf(this.#snapshot.people[this.#side].name)} · ${saySide(this.#side)}`
    })
    return make('header', { class: 'phone-head' }, role, name, post)
  }

  #composer(): HTMLElement {
    const id = `text-${this.#side}`
    const label = make('label', { class: 'sr', attributes: { for: id } })
    const input = make('input', {
      attributes: { id, 'data-composer': '', dir: 'auto', autocomplete: 'off', maxlength: '1000' },
    })
    const send = make('button', { class: 'round main', attributes: { type: 'submit', 'data-send': '' } }, icon('SEND'))
    const place = make(
      'button',
      { class: 'round', attributes: { type: 'button', 'data-location': '' } },
      icon('LOCATION'),
    )
    const word = make('span')
    const menu = make(
      'button',
      { class: 'menu', attributes: { type: 'button', 'data-menu': '' } },
      icon('SERVICE'),
      word,
    )
    inLanguage(() => {
      label.textContent = say('write')
      input.placeholder = say('write')
      send.setAttribute('aria-label', say('send'))
      place.setAttribute('aria-label', say('location'))
      word.textContent = `${say('menu')}: ${sayOf(this.#snapshot.appTitle)}`
    })
    place.addEventListener('click', () => {
      this.#try(() => api.sendLocation(this.#side, somewhere()))
    })
    menu.addEventListener('click', () => {
      this.#call(menu, () => api.openApp(this.#side))
    })
    const submit = (event: Event) => {
      event.preventDefault()
      const text = input.value.trim()
      if (text === '') return
      input.value = ''
      this.#try(() => api.say(this.#side, text))
    }
    return make('form', { class: 'composer', on: { submit } }, menu, label, place, input, send)
  }

  #press(message: ShownMessage, button: ShownButton, row: number, column: number, pressed: HTMLElement): void {
    switch (button.kind) {
      case 'open_server_link':
        this.#call(pressed, () => api.clickButton(this.#side, message.id, row, column))
        break
      case 'open_direct_link':
        this.#call(pressed, async () => {
          const url = button.url ?? ''
          await api.activate(this.#side)
          return { entryId: 0, url, ...(await api.framable(url)) }
        })
        break
      case 'open_post_page':
        this.#tell(`${say('opensPost')} ${button.postToken ?? ''}`)
        break
      case 'open_post_manage_page':
        this.#tell(`${say('opensManage')} ${button.postToken ?? ''}`)
        break
      case 'get_dynamic_action':
        this.#tell(say('noDynamic'))
        break
    }
  }

  /** Waits for where a click leads, busy meanwhile, and opens it or says why not. */
  #call(pressed: HTMLElement, wait: () => Promise<ClickResult>): void {
    if (pressed.getAttribute('aria-busy') === 'true') return
    pressed.setAttribute('aria-busy', 'true')
    this.#notice.replaceChildren()
    announce(say('calling'))
    wait()
      .then(({ url, framable, refusal }) => {
        if (url === undefined) this.#tell(`${say('refusal')}: ${refusal ?? ''}`)
        else {
          this.element.classList.add('covered')
          this.#view.open(url, framable)
        }
      })
      .catch((error: unknown) => {
        this.#tell(String(error instanceof Error ? error.message : error))
      })
      .finally(() => {
        pressed.removeAttribute('aria-busy')
      })
  }

  #try(act: () => Promise<unknown>): void {
    act().catch((error: unknown) => {
      this.#tell(String(error instanceof Error ? error.message : error))
    })
  }

  #tell(text: string): void {
    const dismiss = make('button', { class: 'quiet', text: say('dismiss'), attributes: { type: 'button' } })
    dismiss.addEventListener('click', () => {
      this.#notice.replaceChildren()
    })
    this.#notice.replaceChildren(make('p', { text, attributes: { 'data-refusal': '', dir: 'auto' } }), dismiss)
  }
}
