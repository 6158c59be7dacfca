import type { ClickResult, ShownButton, ShownMessage, Side, Snapshot } from '../shown.ts'
import { api } from './api.ts'
import { bubble } from './bubble.ts'
import { announce, make, messageOf } from '../../ui/dom.ts'
import { ChatList } from './chat-list.ts'
import { ChatSwitch, type ChatName } from './chat-switch.ts'
import { composer } from './composer.ts'
import { WebView } from './webview.ts'
import { noteText } from './notes.ts'
import { worded } from '../../ui/worded.ts'
import { inLanguage, textOf } from '../../ui/language.ts'
import { wordOf, say, saySide, type Word } from './words.ts'

/** One side's phone: its chats with the other person and with the app's bot, what can be done in them, and the web view over them. */
export class Phone {
  readonly element: HTMLElement
  readonly #side: Side
  #snapshot: Snapshot
  readonly #chats: Record<ChatName, ChatList>
  readonly #switch = new ChatSwitch((chat) => {
    this.#open(chat)
  })
  readonly #notice = make('div', { class: 'notice', attributes: { role: 'alert' } })
  readonly #composer: ReturnType<typeof composer>
  readonly #head = make('header', { class: 'phone-head' })
  readonly #name = make('h2')
  readonly #about = make('p', { class: 'soft' })
  readonly #view: WebView
  readonly #onEdit: (message: ShownMessage) => void

  constructor(side: Side, snapshot: Snapshot, onEdit: (message: ShownMessage) => void) {
    this.#side = side
    this.#onEdit = onEdit
    this.#snapshot = snapshot
    const draw = (message: ShownMessage) => this.#bubble(message)
    this.#chats = { post: new ChatList('post', draw), bot: new ChatList('bot', draw) }
    this.#composer = this.#makeComposer()
    this.#view = new WebView(
      () => textOf(this.#own().name),
      () => {
        this.element.classList.remove('covered')
      },
    )
    this.element = make(
      'article',
      { class: 'phone', attributes: { 'data-phone': side } },
      this.#head,
      this.#chats.post.element,
      this.#chats.bot.element,
      this.#notice,
      this.#composer.element,
      this.#view.element,
    )
    this.#fillHead()
    inLanguage(this.element, () => {
      this.element.setAttribute('aria-label', `${this.#phoneOf()} · ${saySide(side)}`)
      const { post, bot } = this.#chats
      post.element.setAttribute('aria-label', `${say('chatWith')} ${textOf(this.#other().name)}`)
      post.element.dataset['none'] = say('emptyChat')
      bot.element.setAttribute('aria-label', `${say('botOf')}: ${textOf(this.#snapshot.appTitle)}`)
      bot.element.dataset['none'] = say('emptyBot')
    })
    this.#open('post')
    this.update(snapshot)
  }

  /** Shows what the chats hold now; messages that are shown already, what is half written and an open landing stay. */
  update(snapshot: Snapshot): void {
    this.#snapshot = snapshot
    // A chat that was reset: what was said of it is over.
    if (snapshot.messages.length === 0) this.#notice.replaceChildren()
    for (const chat of ['post', 'bot'] as const) {
      this.#chats[chat].keep(snapshot.messages.filter((message) => this.#chatOf(message) === chat))
    }
  }

  add(message: ShownMessage): void {
    const chat = this.#chatOf(message)
    if (chat === undefined) return
    this.#chats[chat].add(message, message.from === this.#side)
    if (chat === 'bot') this.#switch.count()
  }

  forget(ids: readonly string[]): void {
    for (const id of ids) for (const chat of Object.values(this.#chats)) chat.drop(id)
  }

  /** The chat of this phone that has the message; none for the other person's chat with the bot. */
  #chatOf({ chat, from }: ShownMessage): ChatName | undefined {
    if (chat === undefined) return 'post'
    return from === this.#side ? 'bot' : undefined
  }

  #open(chat: ChatName): void {
    this.#switch.choose(chat)
    this.#chats.post.show(chat === 'post')
    this.#chats.bot.show(chat === 'bot')
    this.#composer.toBot(chat === 'bot')
    this.#drawHead()
  }

  #bubble(message: ShownMessage): HTMLElement {
    const press = (of: ShownMessage, button: ShownButton, row: number, column: number, pressed: HTMLElement) => {
      this.#press(of, button, row, column, pressed)
    }
    return bubble(message, this.#side, this.#snapshot.appTitle, press, this.#onEdit)
  }

  #own() {
    return this.#snapshot.people[this.#side]
  }

  #other() {
    return this.#snapshot.people[this.#side === 'seller' ? 'buyer' : 'seller']
  }

  #phoneOf(): string {
    return say('phoneOf').replace('{name}', textOf(this.#own().name))
  }

  #fillHead(): void {
    const owner = make('p', { class: 'owner', attributes: { 'data-owner': '' } })
    const revoke = worded('button', wordOf('revoke'), {
      class: 'quiet',
      attributes: { type: 'button', 'data-revoke': '' },
    })
    revoke.addEventListener('click', () => {
      this.#revoke()
    })
    const tools = make('div', { class: 'phone-tools' }, this.#switch.element, revoke)
    this.#head.append(owner, this.#name, this.#about, tools)
    inLanguage(this.#head, () => {
      owner.textContent = `${this.#phoneOf()} · ${saySide(this.#side)}`
      this.#drawHead()
    })
  }

  #drawHead(): void {
    const { appTitle, post } = this.#snapshot
    const isBot = this.#switch.shown === 'bot'
    this.#name.textContent = textOf(isBot ? appTitle : this.#other().name)
    this.#about.textContent = isBot ? say('botOf') : textOf(post.title)
  }

  #makeComposer() {
    const side = this.#side
    return composer({
      id: `text-${side}`,
      appTitle: () => textOf(this.#snapshot.appTitle),
      openApp: (pressed) => {
        this.#call(pressed, () => api.openApp(side))
      },
      startBot: () => {
        this.#open('bot')
        this.#try(() => api.startBot(side))
      },
      sendLocation: (place) => {
        this.#try(() => api.sendLocation(side, place))
      },
      write: (text) => {
        this.#try(() => (this.#switch.shown === 'bot' ? api.sayToBot(side, text) : api.say(side, text)))
      },
    })
  }

  #press(message: ShownMessage, button: ShownButton, row: number, column: number, pressed: HTMLElement): void {
    switch (button.kind) {
      case 'open_server_link':
      case 'get_dynamic_action':
        this.#call(
          pressed,
          () => api.clickButton(this.#side, message.id, row, column),
          button.kind === 'get_dynamic_action' ? 'noAnswer' : 'refusal',
        )
        break
      case 'open_direct_link':
        this.#call(pressed, async () => {
          const url = button.url ?? ''
          await api.activate(this.#side)
          return { entryId: 0, url, ...(await api.framable(url)) }
        })
        break
      case 'open_post_page':
        this.#tell(`${say('opensPost')} ${button.postToken ?? ''}`, 'note')
        break
      case 'open_post_manage_page':
        this.#tell(`${say('opensManage')} ${button.postToken ?? ''}`, 'note')
        break
    }
  }

  /** Waits for where a click leads, busy meanwhile, and opens it or says why not. */
  #call(pressed: HTMLElement, click: () => Promise<ClickResult>, failed: Word = 'refusal'): void {
    if (pressed.getAttribute('aria-busy') === 'true') return
    pressed.setAttribute('aria-busy', 'true')
    this.#notice.replaceChildren()
    announce(say('calling'))
    click()
      .then(({ text, url, framable, refusal }) => {
        if (text !== undefined) this.#tell(text, 'answer')
        if (url === undefined) {
          if (text === undefined || refusal !== undefined) this.#tell(`${say(failed)}: ${noteText(refusal ?? '').text}`)
          return
        }
        this.#view.open({ url, framable, repeat: click })
        this.element.classList.add('covered')
      })
      .catch((error: unknown) => {
        this.#tell(noteText(messageOf(error)).text)
      })
      .finally(() => {
        pressed.removeAttribute('aria-busy')
      })
  }

  #revoke(): void {
    this.#try(async () => {
      const { revoked, told } = await api.revoke(this.#side)
      this.#tell(say(told ? 'revoked' : revoked ? 'revokedQuietly' : 'nothingRevoked'), 'note')
    })
  }

  #try(act: () => Promise<unknown>): void {
    act().catch((error: unknown) => {
      this.#tell(noteText(messageOf(error)).text)
    })
  }

  #tell(text: string, kind: 'refusal' | 'answer' | 'note' = 'refusal'): void {
    const dismiss = make('button', { class: 'quiet', text: say('dismiss'), attributes: { type: 'button' } })
    dismiss.addEventListener('click', () => {
      this.#notice.replaceChildren()
    })
    const said =
      kind !== 'answer'
        ? make('p', { text, attributes: { [`data-${kind}`]: '', dir: 'auto' } })
        : make(
            'p',
            { attributes: { 'data-answer': '' } },
            make('span', { text: `${say('actionAnswer')}: ` }),
            make('bdi', { text }),
          )
    this.#notice.replaceChildren(said, dismiss)
  }
}
