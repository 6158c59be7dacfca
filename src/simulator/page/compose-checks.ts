import { make, messageOf } from '../../ui/dom.ts'
import { currentLanguage, textOf } from '../../ui/language.ts'
import { worded } from '../../ui/worded.ts'
import { persianMistake, persianRefusal } from './compose-mistakes.ts'
import { TEXT } from './compose-words.ts'
import { gridOf, kindOf, placesOf, readData, type Draft } from './draft.ts'
import { fieldOf, keyOf, type Field } from './field-of.ts'
import { gateway, readVerdict, type Mistake, type Verdict } from './gateway-calls.ts'
import { noteText } from './notes.ts'

const PAUSE_MS = 300
/** Of a wrong key, a caller that may not send, and another server. */
const REFUSALS: ReadonlySet<number> = new Set([401, 403, 404])

type Checking = {
  draft: () => Draft
  body: () => Record<string, unknown>
  /** Whether there is a gateway to ask. */
  canAsk: boolean
  tell: () => void
  focus: (field: Field) => void
}

/**
 * What is wrong with the message, by the gateway's own check once the writer pauses. A field that was not written into yet is
 * found faulty only by an attempt to send.
 */
export class ComposeChecks {
  readonly element = make('div', { attributes: { role: 'status', 'data-mistakes': '' } })
  readonly #does: Checking
  readonly #touched = new Set<string>()
  #isAllTold = false
  #mistakes: Mistake[] = []
  #timer: ReturnType<typeof setTimeout> | undefined
  #asked = 0
  /** Why the gateway did not check the message, in the language that the page has when it is called. */
  #unchecked: (() => string) | undefined
  /** A wrong key is not tried again: the gateway counts such calls, and ends by refusing them all. */
  #isRefused = false

  constructor(does: Checking) {
    this.#does = does
  }

  touch(field: Field): void {
    this.#touched.add(keyOf(field))
  }

  /** What may be told of a field. */
  errorOf(key: string): string | undefined {
    if (!this.#isAllTold && !this.#touched.has(key)) return undefined
    const local = this.#findBadData().find(({ field }) => keyOf(field) === key)
    if (local) return textOf(TEXT[local.error])
    const mistake = this.#mistakes.find(({ pointer }) => {
      const field = fieldOf(pointer)
      return field !== undefined && keyOf(field) === key
    })
    return mistake && mistakeText(mistake.detail)
  }

  /** Tells everything again, in the language that the page has now. */
  redraw(): void {
    this.#tell()
  }

  /** Asks the gateway once nothing was written for a moment. */
  later(): void {
    this.#tell()
    clearTimeout(this.#timer)
    if (!this.#does.canAsk || this.#isRefused) return
    this.#timer = setTimeout(() => {
      void this.#ask()
    }, PAUSE_MS)
  }

  /** Whether the message cannot be sent as it is; what is wrong is then told, and the first such field focused. */
  refuses(): boolean {
    const [first] = this.#findBadData()
    if (first === undefined) return false
    this.#isAllTold = true
    this.#tell()
    this.#does.focus(first.field)
    return true
  }

  /** Takes how a send ended, with the mistakes that it was refused for. */
  conclude({ isAccepted, mistakes }: Pick<Verdict, 'isAccepted' | 'mistakes'>): void {
    this.#asked += 1
    // The key and the gateway are right, so the next check may ask again.
    if (isAccepted) {
      this.#isRefused = false
      this.#unchecked = undefined
    }
    this.#mistakes = mistakes
    this.#isAllTold = mistakes.length > 0
    if (!this.#isAllTold) this.#touched.clear()
    this.#tell()
    const first = mistakes.map(({ pointer }) => fieldOf(pointer)).find((field) => field !== undefined)
    if (first !== undefined) this.#does.focus(first)
  }

  /** Starts over, for another message. */
  forget(): void {
    this.#touched.clear()
    this.#mistakes = []
    this.#isAllTold = false
  }

  async #ask(): Promise<void> {
    this.#asked += 1
    const asked = this.#asked
    const verdict = await gateway
      .check({ body: this.#does.body(), queued: this.#does.draft().queued })
      .then(readVerdict, messageOf)
    // A newer question or a send has been answered meanwhile.
    if (asked !== this.#asked) return
    if (typeof verdict === 'string') this.#unchecked = () => noteText(verdict).text
    else {
      const { status, isAccepted, code = '', detail = '', mistakes } = verdict
      this.#unchecked = isAccepted || mistakes.length > 0 ? undefined : () => refusalText(status, code, detail)
      this.#isRefused = REFUSALS.has(status)
      this.#mistakes = mistakes
    }
    this.#tell()
  }

  #findBadData() {
    const draft = this.#does.draft()
    return placesOf(draft).flatMap((place) =>
      gridOf(draft, place).flatMap((row, index) =>
        row.flatMap((button, column) => {
          const kind = kindOf(draft, button)
          const read = kind === 'open_server_link' || kind === 'get_dynamic_action' ? readData(button.data) : undefined
          const field = { place, row: index, column, field: 'data' as const }
          return read && 'error' in read ? [{ field, error: read.error }] : []
        }),
      ),
    )
  }

  #tell(): void {
    this.#draw()
    this.#does.tell()
  }

  /** The mistakes that belong to no field, and why there was no check; other mistakes are beside their fields. */
  #draw(): void {
    const loose = this.#mistakes.filter(({ pointer }) => fieldOf(pointer) === undefined)
    const items = loose.map(({ pointer, detail }) =>
      make(
        'li',
        {},
        make('code', { text: pointer, attributes: { dir: 'ltr' } }),
        make('bdi', { text: ` ${mistakeText(detail)}` }),
      ),
    )
    this.element.replaceChildren(
      ...(items.length === 0 ? [] : [worded('p', TEXT.mistakes), make('ul', {}, ...items)]),
      ...(this.#unchecked === undefined
        ? []
        : [
            worded('p', TEXT.unchecked),
            make('bdi', { text: this.#unchecked(), attributes: { dir: textDirection() } }),
          ]),
    )
  }
}

/** In the page's language, as far as there is a translation. */
function mistakeText(detail: string): string {
  return (currentLanguage() === 'fa' ? persianMistake(detail) : undefined) ?? detail
}

/** Why the gateway refused a message: its status and code, and what they mean in the page's language. */
export function refusalText(status: number, code: string, detail: string): string {
  const persian = currentLanguage() === 'fa' ? persianRefusal(code) : undefined
  const head = [String(status), code].filter((part) => part !== '').join(' ')
  return persian === undefined
    ? `\u2066${[head, detail].filter((part) => part !== '').join(': ')}\u2069`
    : `\u2066${head}\u2069: ${persian}`
}

/** The direction of a text in the page's language that may begin with a code, which is of the other direction. */
export const textDirection = (): string => (currentLanguage() === 'fa' ? 'rtl' : 'ltr')
