import type { Place } from './draft.ts'

export const BUTTON_FIELDS = ['caption', 'icon', 'kind', 'data', 'url', 'postToken'] as const
export type ButtonField = (typeof BUTTON_FIELDS)[number]
/** When a queued message may be sent. */
export type TimeField = 'notBefore' | 'expiresAt'
/** A field of the composer. */
export type Field = 'text' | 'media' | TimeField | { place: Place; row: number; column: number; field: ButtonField }

/** The field that a JSON pointer into the body of a send is about; undefined when the composer has none for it. */
export function fieldOf(pointer: string): Field | undefined {
  if (pointer === '/message' || pointer === '/text_message') return 'text'
  if (pointer === '/media_token') return 'media'
  if (pointer === '/not_before') return 'notBefore'
  if (pointer === '/expires_at') return 'expiresAt'
  const v1 = /^\/(sender|receiver)_btn(\/.*)?$/.exec(pointer)
  if (v1) return { place: placeOf(v1[1]), row: 0, column: 0, field: buttonField(v1[2]) }
  const v2 = /^\/(?:(sender|receiver)_)?buttons\/rows\/(\d+)(?:\/buttons(?:\/(\d+)(\/.*)?)?)?$/.exec(pointer)
  if (!v2) return undefined
  return { place: placeOf(v2[1]), row: Number(v2[2]), column: Number(v2[3] ?? 0), field: buttonField(v2[4]) }
}

/** A name for a field, alike for equal fields. */
export function keyOf(field: Field): string {
  return typeof field === 'string' ? field : `${field.place}/${field.row}/${field.column}/${field.field}`
}

function placeOf(name: string | undefined): Place {
  return name === 'sender' || name === 'receiver' ? name : 'bot'
}

function buttonField(rest = ''): ButtonField {
  if (rest.endsWith('/caption')) return 'caption'
  if (/\/icon(?:_name)?$/.test(rest)) return 'icon'
  if (rest.endsWith('direct_link')) return 'url'
  if (rest.endsWith('/post_token')) return 'postToken'
  return /\/(?:extra_data|open_server_link|get_dynamic_action)(?:\/|$)/.test(rest) ? 'data' : 'kind'
}
