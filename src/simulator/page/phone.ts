import type { ClickResult, ShownButton, ShownMessage, Side, Snapshot } from '../shown.ts'
import { api } from './api.ts'
import { bubble } from './bubble.ts'
import { announce, make, messageOf } from './dom.ts'
import { icon } from './icons.ts'
import { KeyedList } from './keyed-list.ts'
import { WebView } from './webview.ts'
import { inLanguage, say, sayOf, saySide } from './words.ts'

/** Somewhere in Tehran, a little elsewhere each time. */
const somewhere = () => ({
  latitude: Number((35.7 + Math.random() / 20).toFixed(5)),
  longitude: Number((51.38 + Math.random() / 20).toFixed(5)),
})

/** One side's phone: the chat, what that side can do in it, and the web view over it. */
export class Phone {
  readonly element: HTMLElement
  readonly #side: Side
  #snapshot: Snapshot
  readonly #list = make('ol', { class: 'messages', attributes: { tabindex: '0' } })
  readonly #messages = new KeyedList<string, ShownMessage>(this.#list, {
    keyOf: ({ id }) => id,
    draw: (message) => this.#bubble(message),
    place: 'append',
  })
  readonly #notice = make('div', { class: 'notice', attributes: { role: 'alert' } })
  readonly #view: WebView
  #isFollowing = false

  constructor(side: Side, snapshot: Snapshot) {
    this.#side = side
    this.#snapshot = snapshot
    this.#view = new WebView(
      () => sayOf(this.#own().name),
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
    inLanguage(this.element, () => {
      this.element.setAttribute('aria-label', `${say('phoneOf')} ${sayOf(this.#own().name)}, ${saySide(side)}`)
      this.#list.setAttribute('aria-label', `${say('chatWith')} ${sayOf(this.#other().name)}`)
      this.#list.dataset['none'] = say('emptyChat')
    })
    this.update(snapshot)
  }

  /** Shows what the chat holds now; messages that are shown already, what is half written and an open landing stay. */
  update(snapshot: Snapshot): void {
    this.#snapshot = snapshot
    this.#follow(false)
    this.#messages.keep(snapshot.messages)
  }

  add(message: ShownMessage): void {
    this.#follow(message.from === this.#side)
    this.#messages.add(message)
  }

  forget(ids: readonly string[]): void {
    for (const id of ids) this.#messages.drop(id)
  }

  /**
   * Goes to the newest message once all of this turn are there, unless the reader has gone up. Twice: what is out of sight has only a
   * guessed height before it is laid out.
   */
  #follow(always: boolean): void {
    if (this.#isFollowing) return
    const { scrollTop, scrollHeight, clientHeight } = this.#list
    if (!always && scrollHeight - scrollTop - clientHeight >= 80) return
    this.#isFollowing = true
    const scroll = () => {
      this.#list.scrollTop = this.#list.scrollHeight
    }
    requestAnimationFrame(() => {
      scroll()
      requestAnimationFrame(() => {
        scroll()
        this.#isFollowing = false
      })
    })
  }

  #bubble(message: ShownMessage): HTMLElement {
    return bubble(message, this.#side, this.#snapshot.appTitle, (of, button, row, column, pressed) => {
      this.#press(of, button, row, column, pressed)
    })
  }

  #own() {
    return this.#snapshot.people[this.#side]
  }

  #other() {
    return this.#snapshot.people[this.#side === 'seller' ? 'buyer' : 'seller']
  }

  #header(): HTMLElement {
    const name = make('h2')
    const post = make('p', { class: 'soft' })
    const role = make('span', { class: 'role' })
    const head = make('header', { class: 'phone-head' }, role, name, post)
    inLanguage(head, () => {
      name.textContent = sayOf(this.#other().name)
      post.textContent = sayOf(this.#snapshot.post.title)
      role.textContent = `${sayOf(this.#own().name)} · ${saySide(this.#side)}`
    })
    return head
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
    inLanguage(menu, () => {
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
      case 'get_dynamic_action':
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
    }
  }

  /** Waits for where a click leads, busy meanwhile, and opens it or says why not. */
  #call(pressed: HTMLElement, click: () => Promise<ClickResult>): void {
    if (pressed.getAttribute('aria-busy') === 'true') return
    pressed.setAttribute('aria-busy', 'true')
    this.#notice.replaceChildren()
    announce(say('calling'))
    click()
      .then(({ text, url, framable, refusal }) => {
        if (text !== undefined) this.#tell(text, 'answer')
        if (url === undefined) {
          if (text === undefined || refusal !== undefined) this.#tell(`${say('refusal')}: ${refusal ?? ''}`)
          return
        }
        this.#view.open({ url, framable, repeat: click })
        this.element.classList.add('covered')
      })
      .catch((error: unknown) => {
        this.#tell(messageOf(error))
      })
      .finally(() => {
        pressed.removeAttribute('aria-busy')
      })
  }

  #try(act: () => Promise<unknown>): void {
    act().catch((error: unknown) => {
      this.#tell(messageOf(error))
    })
  }

  #tell(text: string, kind: 'refusal' | 'answer' = 'refusal'): void {
    const dismiss = make('button', { class: 'quiet', text: say('dismiss'), attributes: { type: 'button' } })
    dismiss.addEventListener('click', () => {
      this.#notice.replaceChildren()
    })
    const said =
      kind === 'refusal'
        ? make('p', { text, attributes: { 'data-refusal': '', dir: 'auto' } })
        : make(
            'p',
            { attributes: { 'data-answer': '' } },
            make('span', { text: `${say('actionAnswer')}: ` }),
            make('bdi', { text }),
          )
    this.#notice.replaceChildren(said, dismiss)
  }
}
