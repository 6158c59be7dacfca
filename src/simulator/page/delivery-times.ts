import { make } from '../../ui/dom.ts'
import { worded } from '../../ui/worded.ts'
import { field } from './compose-parts.ts'
import { TEXT } from './compose-words.ts'
import type { Draft } from './draft.ts'
import type { TimeField } from './field-of.ts'

/** The folded times of a queued message: not before, and not after. They cannot be written for a message that is not queued. */
export function deliveryTimes(onWritten: (at: TimeField, value: string) => void) {
  const timeField = (at: TimeField, attribute: string) => {
    const control = make('input', { attributes: { type: 'datetime-local', dir: 'ltr', [attribute]: '' } })
    control.addEventListener('input', () => {
      onWritten(at, control.value)
    })
    return field(TEXT[at], control)
  }
  const fields = {
    notBefore: timeField('notBefore', 'data-not-before'),
    expiresAt: timeField('expiresAt', 'data-expires-at'),
  }
  const element = make(
    'details',
    { class: 'soft times', attributes: { 'data-times': '' } },
    worded('summary', TEXT.times),
    worded('p', TEXT.timesHelp),
    fields.notBefore.element,
    fields.expiresAt.element,
  )
  return {
    element,
    show: (draft: Draft) => {
      for (const at of ['notBefore', 'expiresAt'] as const) {
        const { control } = fields[at]
        if (control.value !== draft[at]) control.value = draft[at]
        control.disabled = !draft.queued
        if (draft.queued && draft[at] !== '') element.open = true
      }
    },
    showErrors: (errorOf: (at: TimeField) => string | undefined) => {
      fields.notBefore.showError(errorOf('notBefore'))
      fields.expiresAt.showError(errorOf('expiresAt'))
    },
    focus: (at: TimeField) => {
      element.open = true
      fields[at].control.focus()
    },
  }
}
