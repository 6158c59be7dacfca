import { isJsonObject, type JsonObject } from '../base/strict-json.ts'
import { nearestName } from './nearest.ts'

export const KINDS = ['message', 'click-v1', 'click-v2'] as const
export type Kind = (typeof KINDS)[number]

const MESSAGE = ['message', 'media_token', 'sender_btn', 'receiver_btn', 'sender_buttons', 'receiver_buttons']
const OF_BOTH_CLICKS = ['extra_data', 'callback_url', 'completion_url', 'return_url', 'post_token', 'user_id']

/** Members of each kind's top level. A click's may be few: none is required in v2. */
export const CLICK_NAMES = {
  'click-v1': [...OF_BOTH_CLICKS, 'peer_id', 'supplier', 'Supplier', 'demand', 'conversation_id'],
  'click-v2': [...OF_BOTH_CLICKS, 'source', 'conversation_id', 'user_side', 'provider_data'],
}

/** Members that only one kind has. */
const TELLING: [Kind, string[]][] = [
  ['message', MESSAGE],
  ['click-v1', ['supplier', 'demand', 'callback_url', 'peer_id']],
  ['click-v2', ['source', 'user_side', 'completion_url', 'return_url', 'provider_data', 'extra_data']],
]

/** What a body looks like: by its members, else by misspelled ones; `undefined` when it looks like nothing that is known. */
export function kindOfBody(body: JsonObject): Kind | undefined {
  const names = Object.keys(body)
  const spelled = TELLING.find(([, known]) =>
    names.some((name) => known.includes(name) || known.includes(name.toLowerCase())),
  )
  if (spelled !== undefined) return spelled[0]
  const misspelled = TELLING.find(([, known]) => names.some((name) => nearestName(name, known) !== undefined))
  if (misspelled !== undefined) return misspelled[0]
  return names.some((name) => CLICK_NAMES['click-v2'].includes(name)) ? 'click-v2' : undefined
}

/** A body, and what a file that the simulator saved says about it. */
export function unwrapSaved(value: JsonObject): { body: JsonObject; kind?: Kind } {
  const { kind, wire, body } = value
  if (!isJsonObject(body)) return { body: value }
  if (kind === 'delivery') return { body, kind: 'message' }
  if (kind !== 'click') return { body: value }
  return wire === 'v1' || wire === 'v2' ? { body, kind: `click-${wire}` } : { body }
}
