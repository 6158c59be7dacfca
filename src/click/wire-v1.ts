import * as z from 'zod'
import { requiredText } from '../base/fields.ts'
import { isJsonObject, type JsonObject } from '../base/strict-json.ts'
import { type Click, type ClickRead, type Side, chooseReturnUrl } from './click.ts'
import {
  dataPart,
  objectPart,
  textPart,
  withoutAbsentParts,
  type OptionalParts,
  knows,
  location,
  locationPart,
  optionalObject,
  optionalText,
  returnAddresses,
  returnAddressParts,
  unknownMembers,
} from './wire-fields.ts'

const ID = 128

const party = z.object({ id: optionalText(ID) }, { error: 'expected an object with an id, null or nothing' })

const extraData = z.object(
  {
    provider_data: optionalObject,
    location: location.nullish(),
  },
  { error: 'expected an object, null or nothing' },
)

/** The body of a v1 click. Unknown members are allowed. */
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

/** Divar sends `Supplier` and `supplier`; both names are read in any case. */
const SUPPLIER = 'supplier'
const DEMAND = 'demand'

const partyPart = objectPart(new Map([['id', textPart]]))
const extraDataPart = objectPart(
  new Map([
    ['provider_data', dataPart],
    ['location', locationPart],
  ]),
)
const OPTIONAL_PARTS: OptionalParts = new Map([
  ['conversation_id', textPart],
  [SUPPLIER, partyPart],
  [DEMAND, partyPart],
  ['extra_data', extraDataPart],
  ...returnAddressParts,
])

/** Reads a v1 body; throws ZodError with every fault at once. */
export function readClickV1(body: JsonObject, id: string): ClickRead {
  let absentParts = 0
  const present = withoutAbsentParts(foldCase(body), OPTIONAL_PARTS, () => (absentParts += 1))
  const wire = clickV1.parse(present)
  const supplierId = wire.supplier?.id
  const demandId = wire.demand?.id
  const location = wire.extra_data?.location
  const side = sideOf(wire.user_id, supplierId, demandId)
  const returnUrl = chooseReturnUrl(wire.callback_url, wire.completion_url, wire.return_url)
  const click: Click = {
    id,
    wire: 'v1',
    postToken: wire.post_token,
    userId: wire.user_id,
    peerId: wire.peer_id,
    data: wire.extra_data?.provider_data ?? {},
    returnUrl: returnUrl.url,
    extra: collectExtra(present),
  }
  if (wire.conversation_id !== undefined) click.conversationId = wire.conversation_id
  if (supplierId !== undefined) click.supplierId = supplierId
  if (demandId !== undefined) click.demandId = demandId
  if (side !== undefined) click.side = side
  if (location) click.location = location
  return { click, returnUrlReplaced: returnUrl.replaced, absentParts }
}

/** Lower-cases both party names; of several spellings the last wins. */
function foldCase(body: JsonObject): JsonObject {
  let folded = body
  for (const key in body) {
    const name = foldedName(key)
    if (name === undefined || (name === key && folded === body)) continue
    if (folded === body) folded = { ...body }
    folded[name] = body[key]
  }
  return folded
}

function foldedName(key: string): string | undefined {
  if (key.length !== SUPPLIER.length && key.length !== DEMAND.length) return undefined
  const name = key.toLowerCase()
  return name === SUPPLIER || name === DEMAND ? name : undefined
}

function sideOf(userId: string, supplierId: string | undefined, demandId: string | undefined): Side | undefined {
  if (userId === supplierId) return 'supply'
  return userId === demandId ? 'demand' : undefined
}

const isOfClick = knows(clickV1)
const isOfBody = (key: string) => isOfClick(key) || foldedName(key) !== undefined
const isOfParty = knows(party)
const isOfExtraData = knows(extraData)
const isOfLocation = knows(location)

/** Unknown members of the body, and of its objects under their names. */
function collectExtra(body: JsonObject): JsonObject {
  const extra = unknownMembers(body, isOfBody)
  addUnknown(extra, SUPPLIER, body[SUPPLIER], isOfParty)
  addUnknown(extra, DEMAND, body[DEMAND], isOfParty)
  const inExtraData = body['extra_data']
  if (!isJsonObject(inExtraData)) return extra
  const ofExtraData = unknownMembers(inExtraData, isOfExtraData)
  addUnknown(ofExtraData, 'location', inExtraData['location'], isOfLocation)
  if (Object.keys(ofExtraData).length > 0) extra['extra_data'] = ofExtraData
  return extra
}

function addUnknown(extra: JsonObject, name: string, part: unknown, isKnown: (key: string) => boolean): void {
  if (!isJsonObject(part)) return
  const unknown = unknownMembers(part, isKnown)
  if (Object.keys(unknown).length > 0) extra[name] = unknown
}
