import * as z from 'zod'
import { compiledAtFirstUse } from '../base/fields.ts'
import type { JsonObject } from '../base/strict-json.ts'
import { SIDES, type Click, type ClickRead } from './click.ts'
import {
  chooseReturnUrl,
  dataPart,
  knows,
  optionalObject,
  optionalText,
  returnAddresses,
  textParts,
  unknownMembers,
  withoutAbsentParts,
  type OptionalParts,
} from './wire-fields.ts'

/** The body of a v2 click, with the lengths that the platform documents. Every member is nullable; unknown ones are allowed. */
export const clickV2 = z.object({
  source: optionalText(20),
  post_token: optionalText(10),
  conversation_id: optionalText(64),
  user_side: optionalText(50),
  extra_data: optionalObject,
  provider_data: optionalObject,
  user_id: optionalText(64),
  ...returnAddresses,
})

const compiled = compiledAtFirstUse(clickV2)

const isOfV2 = knows(clickV2)

const PARTS_OF_V2: OptionalParts = new Map([
  ...textParts(clickV2.shape),
  ['extra_data', dataPart],
  ['provider_data', dataPart],
])

/** Reads a v2 body. @throws ZodError with all errors of the body */
export function readClickV2(body: JsonObject, id: string): ClickRead {
  return readMembersOfV2(compiled, isOfV2, body, id)
}

type MembersOfV2 = z.output<typeof clickV2>

/**
 * Reads the members of a v2 click from a body that may have others.
 * @param isKnown whether a member is in the schema
 * @throws ZodError with all errors of the body
 */
export function readMembersOfV2<Read extends MembersOfV2>(
  schema: { parse: (body: JsonObject) => Read },
  isKnown: (name: string) => boolean,
  body: JsonObject,
  id: string,
): ClickRead & { read: Read } {
  let absentParts = 0
  const read = schema.parse(withoutAbsentParts(body, PARTS_OF_V2, () => (absentParts += 1)))
  const side = SIDES.find((known) => known === read.user_side?.toLowerCase())
  const returnUrl = chooseReturnUrl(read.callback_url, read.completion_url, read.return_url)
  const extra = unknownMembers(body, isKnown)
  // Values that do not fit a Click are kept with the unknown members.
  if (read.user_side !== undefined && side === undefined) extra['user_side'] = read.user_side
  if (read.extra_data && read.provider_data) extra['provider_data'] = read.provider_data
  const click: Click = {
    id,
    wire: 'v2',
    data: read.extra_data ?? read.provider_data ?? {},
    returnUrl: returnUrl.url,
    extra,
  }
  if (read.source !== undefined) click.source = read.source
  if (read.post_token !== undefined) click.postToken = read.post_token
  if (read.conversation_id !== undefined) click.conversationId = read.conversation_id
  if (read.user_id !== undefined) click.userId = read.user_id
  if (side !== undefined) click.side = side
  return { click, returnUrlReplaced: returnUrl.replaced, absentParts, read }
}
