import * as z from 'zod'
import type { JsonObject } from '../base/strict-json.ts'
import { type Click, type ClickRead, type Side, chooseReturnUrl } from './click.ts'
import {
  dataPart,
  textPart,
  withoutAbsentParts,
  type OptionalParts,
  knows,
  optionalObject,
  optionalText,
  returnAddresses,
  returnAddressParts,
  unknownMembers,
} from './wire-fields.ts'

/** The body of a v2 click, with the lengths that the platform documents. Every member is nullable; unknown ones are allowed. */
export const clickV2 = z.compile(
  z.object({
    source: optionalText(20),
    post_token: optionalText(10),
    conversation_id: optionalText(64),
    user_side: optionalText(50),
    extra_data: optionalObject,
    provider_data: optionalObject,
    user_id: optionalText(64),
    ...returnAddresses,
  }),
)

const isOfBody = knows(clickV2)

const OPTIONAL_PARTS: OptionalParts = new Map([
  ['source', textPart],
  ['post_token', textPart],
  ['conversation_id', textPart],
  ['user_side', textPart],
  ['extra_data', dataPart],
  ['provider_data', dataPart],
  ['user_id', textPart],
  ...returnAddressParts,
])

const SIDES = new Map<string, Side>([
  ['supply', 'supply'],
  ['demand', 'demand'],
])

/** Reads a v2 body; throws ZodError with every fault at once. */
export function readClickV2(body: JsonObject, id: string): ClickRead {
  let absentParts = 0
  const wire = clickV2.parse(withoutAbsentParts(body, OPTIONAL_PARTS, () => (absentParts += 1)))
  const side = SIDES.get(wire.user_side?.toLowerCase() ?? '')
  const returnUrl = chooseReturnUrl(wire.callback_url, wire.completion_url, wire.return_url)
  const extra = unknownMembers(body, isOfBody)
  // Values that do not fit a Click are kept with the unknown members.
  if (wire.user_side !== undefined && side === undefined) extra['user_side'] = wire.user_side
  if (wire.extra_data && wire.provider_data) extra['provider_data'] = wire.provider_data
  const click: Click = {
    id,
    wire: 'v2',
    data: wire.extra_data ?? wire.provider_data ?? {},
    returnUrl: returnUrl.url,
    extra,
  }
  if (wire.source !== undefined) click.source = wire.source
  if (wire.post_token !== undefined) click.postToken = wire.post_token
  if (wire.conversation_id !== undefined) click.conversationId = wire.conversation_id
  if (wire.user_id !== undefined) click.userId = wire.user_id
  if (side !== undefined) click.side = side
  return { click, returnUrlReplaced: returnUrl.replaced, absentParts }
}
