import { copyButton } from '../../ui/copy.ts'
import { make, messageOf } from '../../ui/dom.ts'
import { inLanguage, numberText, textOf } from '../../ui/language.ts'
import { toast } from '../../ui/toast.ts'
import { worded } from '../../ui/worded.ts'
import type { ShownMessage, Snapshot } from '../shown.ts'
import { ButtonGrid } from './button-grid.ts'
import { ComposeChecks } from './compose-checks.ts'
import { field, quietButton } from './compose-parts.ts'
import { preview } from './compose-preview.ts'
import { tellVerdict } from './compose-result.ts'
import { composeTarget } from './compose-target.ts'
import { fill, TEXT } from './compose-words.ts'
import { deliveryTimes } from './delivery-times.ts'
import { bodyOf, draftOf, freshDraft, isV1, type Draft } from './draft.ts'
import type { Answered } from './fault-outcomes.ts'
import type { Field } from './field-of.ts'
import { gateway, readVerdict } from './gateway-calls.ts'
import { noteText } from './notes.ts'
import { readDraft } from './saved-draft.ts'
import { say, saySide } from './words.ts'

const SAVED_AS = 'compose-draft'

/** A body has at most 100 KiB, and a Persian letter two bytes. */
const MAX_TEXT = '50000'

export type ComposePanel = {
  /** Opens a message of the chat, to be changed and sent again. */
  edit: (message: ShownMessage) => void
}

/** A form that writes a message, shows it as the phones would, and sends it through the gateway. */
export async function composePanel(
  element: HTMLElement,
  snapshot: Snapshot,
  onAnswer: (answered: Answered) => void,
  faults: HTMLElement,
): Promise<ComposePanel> {
  const [info, icons] = await Promise.all([gateway.info(), gateway.icons()])
  let draft = readDraft(localStorage.getItem(SAVED_AS))
  const text = field(
    TEXT.text,
    make('textarea', { attributes: { rows: '3', dir: 'auto', maxlength: MAX_TEXT, 'data-text': '' } }),
  )
  const media = field(TEXT.media, make('input', { attributes: { dir: 'ltr', maxlength: '1024', 'data-media': '' } }))
  const mediaDetails = make('details', { class: 'soft' }, worded('summary', TEXT.mediaTitle), media.element)
  const count = make('p', { class: 'soft counter' })
  text.element.append(count)

  const checks = new ComposeChecks({
    draft: () => draft,
    body: () => bodyOf(draft, snapshot),
    canAsk: info.url !== undefined,
    tell: () => {
      grid.tell()
      text.showError(checks.errorOf('text'))
      media.showError(checks.errorOf('media'))
      times.showErrors((at) => checks.errorOf(at))
    },
    focus: (at) => {
      if (at === 'text') text.control.focus()
      else if (at === 'media') media.control.focus()
      else if (at === 'notBefore' || at === 'expiresAt') times.focus(at)
      else grid.focus(at)
    },
  })
  const changed = (written?: Field) => {
    localStorage.setItem(SAVED_AS, JSON.stringify(draft))
    if (written) checks.touch(written)
    drawCount()
    body.textContent = JSON.stringify(bodyOf(draft, snapshot), null, 2)
    seen.draw()
    checks.later()
  }
  const restart = () => {
    text.control.value = draft.text
    media.control.value = draft.mediaToken
    mediaDetails.hidden = isV1(draft)
    if (draft.mediaToken !== '') mediaDetails.open = true
    target.show(draft)
    times.show(draft)
    grid.restart()
    changed()
  }
  const change = (changes: Partial<Draft>) => {
    Object.assign(draft, changes)
    restart()
  }
  const settle = (changes: Pick<Draft, 'withToken'> | Pick<Draft, 'queued'>) => {
    Object.assign(draft, changes)
    target.show(draft)
    times.show(draft)
    changed()
  }
  const open = (next: Draft) => {
    checks.forget()
    // How the message before ended says nothing of this one.
    inLanguage(result, () => {
      result.replaceChildren()
    })
    draft = next
    restart()
  }
  const drawCount = () => {
    count.textContent = textOf(fill(TEXT.characters, { count: numberText(draft.text.length) }))
  }
  inLanguage(count, drawCount)
  const who = (side: 'seller' | 'buyer') => `${textOf(snapshot.people[side].name)} · ${saySide(side)}`
  const target = composeTarget(who, info, change, settle)
  const times = deliveryTimes((at, value) => {
    draft[at] = value
    changed(at)
  })
  const grid = new ButtonGrid({
    draft: () => draft,
    people: snapshot.people,
    icons,
    changed,
    errorOf: (key) => checks.errorOf(key),
  })
  const seen = preview(
    snapshot,
    () => draft,
    (place, row, column) => {
      grid.focus({ place, row, column, field: 'caption' })
    },
  )
  text.control.addEventListener('input', () => {
    draft.text = text.control.value
    changed('text')
  })
  media.control.addEventListener('input', () => {
    draft.mediaToken = media.control.value
    changed('media')
  })

  const howToSend = () => ({
    body: bodyOf(draft, snapshot),
    queued: draft.queued,
    ...(draft.withToken && info.tokens.includes(draft.side) && { token_of: draft.side }),
  })
  const result = make('div', { class: 'result', attributes: { 'data-result': '' } })
  const send = worded('button', TEXT.send, {
    class: 'primary',
    attributes: { type: 'button', 'data-compose-send': '' },
  })
  const submit = async () => {
    if (send.getAttribute('aria-busy') === 'true' || info.url === undefined || checks.refuses()) return
    send.setAttribute('aria-busy', 'true')
    const from = performance.now()
    const how = howToSend()
    try {
      const verdict = readVerdict(await gateway.send(how))
      onAnswer({ ...verdict, from, until: performance.now() })
      tellVerdict(verdict, how.body, result, info.docsUrl)
      checks.conclude(verdict)
    } catch (error) {
      toast(noteText(messageOf(error)).text, 'danger', say('dismiss'))
    } finally {
      send.removeAttribute('aria-busy')
    }
  }
  send.addEventListener('click', () => void submit())
  send.disabled = info.url === undefined

  const body = make('code')
  const title = worded('h2', TEXT.title)
  title.id = 'compose-title'
  const fields = make('div', { class: 'compose-fields' }, checks.element, text.element, mediaDetails, grid.element)
  const sending = make(
    'div',
    { class: 'compose-side' },
    seen.element,
    ...(info.url === undefined ? [noGateway()] : [target.access, times.element]),
    make('div', { class: 'row' }, send, worded('span', TEXT.sendHelp, { class: 'soft' })),
    result,
    make(
      'div',
      { class: 'row' },
      copyButton(TEXT.json, () => body.textContent, { 'data-copy-json': '' }),
      copyButton(TEXT.curl, async () => (await gateway.curl(howToSend())).command, { 'data-copy-message-curl': '' }),
      quietButton(TEXT.fresh, 'data-fresh', () => {
        open(freshDraft())
        text.control.focus()
      }),
    ),
    worded('p', TEXT.curlHelp, { class: 'soft' }),
  )
  const below = make('div', { class: 'compose-below' }, ...(info.url === undefined ? [] : [faults]), bodyDetails(body))
  const whole = make(
    'section',
    { class: 'card compose', attributes: { 'aria-labelledby': title.id } },
    title,
    target.element,
    fields,
    sending,
    below,
  )
  whole.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
    event.preventDefault()
    void submit()
  })
  element.replaceChildren(whole)
  restart()
  inLanguage(fields, () => {
    checks.redraw()
  })
  return {
    edit: (message) => {
      open(draftOf(message, draft))
      text.control.focus()
    },
  }
}

function bodyDetails(body: HTMLElement): HTMLElement {
  const pre = make('pre', { attributes: { dir: 'ltr', tabindex: '0', role: 'region' } }, body)
  inLanguage(pre, () => {
    pre.setAttribute('aria-label', textOf(TEXT.body))
  })
  return make('details', { class: 'code-block' }, worded('summary', TEXT.body), pre)
}

function noGateway(): HTMLElement {
  const option = 'kenar-chat-gateway simulator --gateway http://127.0.0.1:3000 --internal-key <key>'
  return make(
    'div',
    { class: 'no-gateway', attributes: { 'data-no-gateway': '' } },
    worded('p', TEXT.noGateway),
    make('code', { text: option, attributes: { dir: 'ltr' } }),
  )
}
