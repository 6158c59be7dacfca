import type { EventType, MessageType, OddForm, Side, Snapshot } from '../shown.ts'
import { api } from './api.ts'
import { make, messageOf } from '../../ui/dom.ts'
import { toast } from '../../ui/toast.ts'
import { worded } from '../../ui/worded.ts'
import { inLanguage, textOf } from '../../ui/language.ts'
import { noteText } from './notes.ts'
import { wordOf, say, sayEvent, sayOdd, saySide, type Word } from './words.ts'

const TYPES: [EventType, ...EventType[]] = [
  'NEW_MESSAGE',
  'NEW_CHATBOT_MESSAGE',
  'POST_UPDATE',
  'PAYMENT_TRANSACTION',
  'USER_ACCESS_REVOCATION',
]
const MESSAGE_TYPES: [MessageType, ...MessageType[]] = [
  'TEXT',
  'IMAGE',
  'FILE',
  'VOICE',
  'LOCATION',
  'VIDEO',
  'CONTACT',
]
const UPDATES = ['PUBLISH', 'RETIRE', 'ONGOING', 'ARCHIVE'] as const
const IN_MESSAGES: OddForm[] = ['sent_at_number', 'sent_at_string', 'sender_user', 'size_string', 'at_type']

/** The odd forms that an event of this type can have. */
const ODD: Record<EventType, OddForm[]> = {
  NEW_MESSAGE: [...IN_MESSAGES, 'meta_data'],
  NEW_CHATBOT_MESSAGE: IN_MESSAGES,
  POST_UPDATE: ['at_type', 'meta_data'],
  PAYMENT_TRANSACTION: ['at_type', 'payment_transaction'],
  USER_ACCESS_REVOCATION: ['at_type'],
}

/** A form that sends the app one event. */
export function eventsPanel(element: HTMLElement, { people }: Snapshot): void {
  const type = choice('eventType', 'data-event-type', TYPES, (name) => sayEvent(name))
  const side = choice<Side>('eventSide', 'data-event-side', ['buyer', 'seller'], (name) => {
    return `${textOf(people[name].name)} · ${saySide(name)}`
  })
  const message = choice('messageType', 'data-message-type', MESSAGE_TYPES, (name) => name)
  const update = choice('postUpdate', 'data-post-update', UPDATES, (name) => name)
  const odd = Object.values(ODD).flat()
  const boxes = [...new Set(odd)].map(oddBox)
  const forms = make('fieldset', {}, worded('legend', wordOf('oddForms')), ...boxes.map(({ label }) => label))
  const send = worded('button', wordOf('sendEvent'), {
    class: 'quiet',
    attributes: { type: 'submit', 'data-send-event': '' },
  })

  const isMessage = () => type.value() === 'NEW_MESSAGE' || type.value() === 'NEW_CHATBOT_MESSAGE'
  const settle = () => {
    message.label.hidden = !isMessage()
    update.label.hidden = type.value() !== 'POST_UPDATE'
    side.label.hidden = type.value() === 'POST_UPDATE' || type.value() === 'PAYMENT_TRANSACTION'
    for (const { label, form } of boxes) label.hidden = !ODD[type.value()].includes(form)
  }
  type.label.addEventListener('change', settle)
  settle()
  const submit = (event: Event) => {
    event.preventDefault()
    const wanted = {
      type: type.value(),
      side: side.value(),
      ...(isMessage() && { message_type: message.value() }),
      ...(type.value() === 'POST_UPDATE' && { update: update.value() }),
      odd: boxes.filter(({ label, box }) => !label.hidden && box.checked).map(({ form }) => form),
    }
    send.setAttribute('aria-busy', 'true')
    api
      .sendEvent(wanted)
      .then(([first]) => {
        const status = first?.status
        const isAccepted = status !== undefined && status < 300
        const how = status === undefined ? say('noResponse') : `HTTP ${status}`
        toast(`${say('eventDone')}: ${how}`, isAccepted ? 'success' : 'danger', say('dismiss'))
      })
      .catch((error: unknown) => {
        toast(noteText(messageOf(error)).text, 'danger', say('dismiss'))
      })
      .finally(() => {
        send.removeAttribute('aria-busy')
      })
  }
  element.replaceChildren(
    worded('p', wordOf('eventsHelp'), { class: 'soft' }),
    make(
      'form',
      { class: 'event-form', on: { submit } },
      make('div', { class: 'fields' }, type.label, side.label, message.label, update.label),
      forms,
      make('div', { class: 'row' }, send),
    ),
  )
}

function choice<Name extends string>(
  word: Word,
  attribute: string,
  names: readonly [Name, ...Name[]],
  sayName: (name: Name) => string,
) {
  const options = names.map((name) => {
    const option = make('option', { attributes: { value: name } })
    inLanguage(option, () => {
      option.textContent = sayName(name)
    })
    return option
  })
  const select = make('select', { attributes: { [attribute]: '' } }, ...options)
  const label = make('label', {}, worded('span', wordOf(word)), select)
  return { label, value: (): Name => names[select.selectedIndex] ?? names[0] }
}

function oddBox(form: OddForm) {
  const box = make('input', { attributes: { type: 'checkbox', 'data-odd': form } })
  const words = make('span')
  inLanguage(words, () => {
    words.textContent = sayOdd(form)
  })
  return { form, box, label: make('label', { class: 'check' }, box, words) }
}
