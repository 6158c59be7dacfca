import type { ShownMessage } from '../shown.ts'
import { make } from '../../ui/dom.ts'
import { KeyedList } from '../../ui/keyed-list.ts'

/** The reader counts as being at the end within this many pixels. */
const AT_END = 80

/** The messages of one chat, which keeps the newest in view unless the reader has gone up. */
export class ChatList {
  readonly element = make('ol', { class: 'messages', attributes: { tabindex: '0' } })
  readonly #messages: KeyedList<string, ShownMessage>
  #isFollowing = false

  constructor(name: string, draw: (message: ShownMessage) => HTMLElement) {
    this.element.setAttribute('data-chat', name)
    this.#messages = new KeyedList<string, ShownMessage>(this.element, {
      keyOf: ({ id }) => id,
      draw,
      place: 'append',
    })
  }

  /** Shows these messages; those that are shown already stay. */
  keep(messages: readonly ShownMessage[]): void {
    this.#follow(false)
    this.#messages.keep(messages)
  }

  add(message: ShownMessage, always: boolean): void {
    this.#follow(always)
    this.#messages.add(message)
  }

  drop(id: string): void {
    this.#messages.drop(id)
  }

  show(isShown: boolean): void {
    this.element.hidden = !isShown
    if (isShown) this.#follow(true)
  }

  /**
   * Goes to the newest message once all of this turn are there. Twice: what is out of sight has only a guessed height before it is laid
   * out.
   */
  #follow(always: boolean): void {
    if (this.#isFollowing) return
    const { scrollTop, scrollHeight, clientHeight } = this.element
    if (!always && scrollHeight - scrollTop - clientHeight >= AT_END) return
    this.#isFollowing = true
    const scroll = () => {
      this.element.scrollTop = this.element.scrollHeight
    }
    requestAnimationFrame(() => {
      scroll()
      requestAnimationFrame(() => {
        scroll()
        this.#isFollowing = false
      })
    })
  }
}
