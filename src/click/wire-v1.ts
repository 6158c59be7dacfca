import { z } from 'zod'
import { requiredText } from '../base/fields.ts'
import { isJsonObject, type JsonObject } from '../base/strict-json.ts'
import type { Click, Side } from './click.ts'
import { chooseReturnUrl } from './return-url.ts'
import { location, optionalObject, optionalText, returnAddresses, unknownMembers } from './wire-fields.ts'

const ID = 128

const party = z.object({ id: optionalText(ID) }, { error: 'expected an object with an id, null or nothing' })

const extraData = z.object(
  {
    provider_data: optionalObject,
    // An empty object is what some serializers make of no location.
    location: z.preprocess((value) => (isEmptyObject(value) ? undefined : value), location.nullish()),
  },
  { error: 'expected an object, null or nothing' },
)

/** The body of a v1 click. Unknown members are no fault. */
const schema = z.object({
  post_token: requiredText(64),
  user_id: requiredText(ID),
  peer_id: requiredText(ID),
  conversation_id: optionalText(ID),
  supplier: party.nullish(),
  demand: party.nullish(),
  extra_data: extraData.nullish(),
  ...returnAddresses,
})

/** Seen on the wire as `Supplier` and as `supplier`. */
const FOLDED = new Set(['supplier', 'demand'])

/** Reads a v1 body; throws ZodError with every fault at once. */
export function readClickV1(body: JsonObject): { click: Omit<Click, 'id'>; returnUrlReplaced: boolean } {
  const folded = foldCase(body)
  const { post_token, user_id, peer_id, conversation_id, supplier, demand, extra_data, ...addresses } =
    schema.parse(folded)
  const supplierId = supplier?.id
  const demandId = demand?.id
  const side = sideOf(user_id, supplierId, demandId)
  const returnUrl = chooseReturnUrl(addresses.callback_url, addresses.completion_url, addresses.return_url)
  return {
    click: {
      wire: 'v1',
      postToken: post_token,
      userId: user_id,
      peerId: peer_id,
      ...(conversation_id !== undefined && { conversationId: conversation_id }),
      ...(supplierId !== undefined && { supplierId }),
      ...(demandId !== undefined && { demandId }),
      ...(side !== undefined && { side }),
      data: extra_data?.provider_data ?? {},
      ...(extra_data?.location && { location: extra_data.location }),
      returnUrl: returnUrl.url,
      extra: collectExtra(folded),
    },
    returnUrlReplaced: returnUrl.replaced,
  }
}

function foldCase(body: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(body).map(([key, value]) =>
      FOLDED.has(key.toLowerCase()) ? [key.toLowerCase(), value] : [key, value],
    ),
  )
}

function sideOf(userId: string, supplierId: string | undefined, demandId: string | undefined): Side | undefined {
  if (userId === supplierId) return 'supply'
  return userId === demandId ? 'demand' : undefined
}

/** Unknown members of the body, and of the objects in it under those objects' names. */
function collectExtra(body: JsonObject): JsonObject {
  const known = { supplier: party, demand: party, extra_data: extraData }
  const within = unknownWithin(body, known)
  const inData = unknownWithin(asObject(body['extra_data']), { location })
  if (Object.keys(inData).length > 0) within['extra_data'] = { ...asObject(within['extra_data']), ...inData }
  return { ...unknownMembers(body, schema), ...within }
}

function unknownWithin(object: JsonObject, known: Record<string, { shape: object }>): JsonObject {
  const found = Object.entries(known).map(
    ([name, part]) => [name, unknownMembers(asObject(object[name]), part)] as const,
  )
  return Object.fromEntries(found.filter(([, rest]) => Object.keys(rest).length > 0))
}

function asObject(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {}
}

function isEmptyObject(value: unknown): boolean {
  return isJsonObject(value) && Object.keys(value).length === 0
}
