import { make } from '../../ui/dom.ts'
import { inLanguage, numberText } from '../../ui/language.ts'
import { say } from './words.ts'

export type ChatName = 'post' | 'bot'

/** The switch between a phone's two chats; it counts what came to the bot's chat while that was out of sight. */
export class ChatSwitch {
  readonly element = make('div', { class: 'switch', attributes: { role: 'group' } })
  #shown: ChatName = 'post'
  #unread = 0
  readonly #buttons: Record<ChatName, HTMLElement>

  constructor(onChoose: (chat: ChatName) => void) {
    const button = (chat: ChatName) =>
      make('button', {
        attributes: { type: 'button', 'data-show-chat': chat },
        on: {
          click: () => {
            onChoose(chat)
          },
        },
      })
    this.#buttons = { post: button('post'), bot: button('bot') }
    this.element.append(this.#buttons.post, this.#buttons.bot)
    inLanguage(this.element, () => {
      this.element.setAttribute('aria-label', say('chats'))
      this.#draw()
    })
  }

  get shown(): ChatName {
    return this.#shown
  }

  choose(chat: ChatName): void {
    this.#shown = chat
    if (chat === 'bot') this.#unread = 0
    this.#draw()
  }

  /** A message came to the bot's chat. */
  count(): void {
    if (this.#shown === 'bot') return
    this.#unread += 1
    this.#draw()
  }

  #draw(): void {
    const { post, bot } = this.#buttons
    post.textContent = say('chatTab')
    bot.replaceChildren(say('botTab'), ...(this.#unread > 0 ? [this.#badge()] : []))
    post.setAttribute('aria-pressed', String(this.#shown === 'post'))
    bot.setAttribute('aria-pressed', String(this.#shown === 'bot'))
  }

  #badge(): HTMLElement {
    return make(
      'span',
      { class: 'unread', attributes: { 'data-unread': '' } },
      make('span', { text: numberText(this.#unread) }),
      make('span', { class: 'sr', text: say('unread') }),
    )
  }
}
