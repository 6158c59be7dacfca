import { z } from 'zod'
import { requiredText } from '../base/fields.ts'
import { isJsonObject, type JsonObject } from '../base/strict-json.ts'
import type { Click, Side } from './click.ts'
import { chooseReturnUrl } from './return-url.ts'
import { knows, location, optionalObject, optionalText, returnAddresses, unknownMembers } from './wire-fields.ts'

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

/** The body of a v1 click. Unknown members are no fault. Compiled: what is right is told without an allocation, what is wrong as before. */
export const clickV1 = z.compile(
  z.object({
    post_token: requiredText(64),
    user_id: requiredText(ID),
    peer_id: requiredText(ID),
    conversation_id: optionalText(ID),
    supplier: party.nullish(),
    demand: party.nullish(),
    extra_data: extraData.nullish(),
    ...returnAddresses,
  }),
)

/** Seen on the wire as `Supplier` and as `supplier`. */
const FOLDED = ['supplier', 'demand']

/** Reads a v1 body; throws ZodError with every fault at once. */
export function readClickV1(body: JsonObject): { click: Omit<Click, 'id'>; returnUrlReplaced: boolean } {
  const folded = foldCase(body)
  const { post_token, user_id, peer_id, conversation_id, supplier, demand, extra_data, ...addresses } =
    clickV1.parse(folded)
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

/** The same object where there is nothing to fold; of several spellings the last wins. */
function foldCase(body: JsonObject): JsonObject {
  let folded = body
  for (const key of Object.keys(body)) {
    const name = foldedName(key)
    if (name === undefined || (name === key && folded === body)) continue
    if (folded === body) folded = { ...body }
    folded[name] = body[key]
  }
  return folded
}

/** By length first: almost no key has to be looked at. */
function foldedName(key: string): string | undefined {
  return FOLDED.find((name) => name.length === key.length && name === key.toLowerCase())
}

function sideOf(userId: string, supplierId: string | undefined, demandId: string | undefined): Side | undefined {
  if (userId === supplierId) return 'supply'
  return userId === demandId ? 'demand' : undefined
}

const isOfBody = knows(clickV1)
const PARTS = { supplier: knows(party), demand: knows(party), extra_data: knows(extraData) }
const isOfLocation = knows(location)

/** Unknown members of the body, and of the objects in it under those objects' names. */
function collectExtra(body: JsonObject): JsonObject {
  const extra = unknownMembers(body, (key) => isOfBody(key) || foldedName(key) !== undefined)
  for (const [name, isKnown] of Object.entries(PARTS)) addUnknown(extra, name, body[name], isKnown)
  const inLocation = { ...asObject(extra['extra_data']) }
  addUnknown(inLocation, 'location', asObject(body['extra_data'])['location'], isOfLocation)
  if (Object.hasOwn(inLocation, 'location')) extra['extra_data'] = inLocation
  return extra
}

function addUnknown(extra: JsonObject, name: string, part: unknown, isKnown: (key: string) => boolean): void {
  if (!isJsonObject(part)) return
  const unknown = unknownMembers(part, isKnown)
  if (Object.keys(unknown).length > 0) extra[name] = unknown
}

function asObject(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {}
}

function isEmptyObject(value: unknown): boolean {
  return isJsonObject(value) && Object.keys(value).length === 0
}
