import { make } from '../../ui/dom.ts'
import { textOf } from '../../ui/language.ts'
import { worded } from '../../ui/worded.ts'
import type { GatewayInfo, Side } from '../shown.ts'
import { labelledSwitch } from './compose-parts.ts'
import { TARGETS, TEXT } from './compose-words.ts'
import type { Draft } from './draft.ts'

/** To whom a message goes, in whose name, in which API version; and what it is sent with. */
export function composeTarget(
  who: (side: Side) => string,
  { tokens, url }: GatewayInfo,
  change: (changes: Partial<Draft>) => void,
  settle: (changes: Pick<Draft, 'withToken'> | Pick<Draft, 'queued'>) => void,
) {
  const target = labelledSwitch(
    TEXT.target,
    'data-target',
    (['chat', 'bot_conversation', 'bot_user'] as const).map((value) => ({ value, text: () => textOf(TARGETS[value]) })),
    (value) => {
      change({ target: value })
    },
  )
  const wire = labelledSwitch(
    TEXT.wire,
    'data-compose-wire',
    (['v1', 'v2'] as const).map((value) => ({ value, text: () => value })),
    (value) => {
      change({ wire: value })
    },
  )
  const sides = (['seller', 'buyer'] as const).map((value) => ({ value, text: () => who(value) }))
  const chooseSide = (side: Side) => {
    change({ side })
  }
  const sender = labelledSwitch(TEXT.inNameOf, 'data-sender', sides, chooseSide)
  const user = labelledSwitch(TEXT.toUser, 'data-user', sides, chooseSide)
  const access = labelledSwitch(
    TEXT.access,
    'data-access',
    [
      { value: 'token', text: () => textOf(TEXT.withToken) },
      { value: 'grant', text: () => textOf(TEXT.withGrant) },
    ],
    (value) => {
      settle({ withToken: value === 'token' })
    },
  )
  const queued = make('input', { attributes: { type: 'checkbox', 'data-queued': '' } })
  queued.addEventListener('change', () => {
    settle({ queued: queued.checked })
  })
  const queueLabel = make('label', { class: 'check' }, queued, worded('span', TEXT.queued))
  return {
    element: make('div', { class: 'compose-target' }, target.element, wire.element, sender.element, user.element),
    access: make(
      'div',
      { class: 'compose-target', attributes: url === undefined ? { hidden: '' } : {} },
      access.element,
      queueLabel,
    ),
    show: (draft: Draft) => {
      const isChat = draft.target === 'chat'
      target.show(draft.target)
      wire.show(draft.wire)
      wire.element.hidden = !isChat
      sender.show(draft.side)
      sender.element.hidden = !isChat
      user.show(draft.side)
      user.element.hidden = isChat
      access.show(draft.withToken ? 'token' : 'grant')
      // The bot writes to its conversations without a user's token.
      access.element.hidden = draft.target === 'bot_conversation' || !tokens.includes(draft.side)
      queued.checked = draft.queued
    },
  }
}
