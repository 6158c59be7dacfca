import * as z from 'zod'
import { compiledAtFirstUse, requiredText } from '../base/fields.ts'
import { isJsonObject, type JsonObject } from '../base/strict-json.ts'
import type { Click, ClickRead, Side } from './click.ts'
import {
  chooseReturnUrl,
  dataPart,
  knows,
  location,
  locationPart,
  objectPart,
  optionalObject,
  optionalText,
  returnAddresses,
  textPart,
  textParts,
  unknownMembers,
  withoutAbsentParts,
  type OptionalParts,
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
export const clickV1 = z.object({
  post_token: requiredText(64),
  user_id: requiredText(ID),
  peer_id: requiredText(ID),
  conversation_id: optionalText(ID),
  supplier: party.nullish(),
  demand: party.nullish(),
  extra_data: extraData.nullish(),
  ...returnAddresses,
})

const compiled = compiledAtFirstUse(clickV1)

const partyPart = objectPart(new Map([['id', textPart]]))
const extraDataPart = objectPart(
  new Map([
    ['provider_data', dataPart],
    ['location', locationPart],
  ]),
)
const PARTS_OF_V1: OptionalParts = new Map([
  ['conversation_id', textPart],
  ['supplier', partyPart],
  ['demand', partyPart],
  ['extra_data', extraDataPart],
  ...textParts(returnAddresses),
])

/** Reads a v1 body. @throws ZodError with all errors of the body */
export function readClickV1(body: JsonObject, id: string): ClickRead {
  let absentParts = 0
  const present = withoutAbsentParts(foldCase(body), PARTS_OF_V1, () => (absentParts += 1))
  const read = compiled.parse(present)
  const supplierId = read.supplier?.id
  const demandId = read.demand?.id
  const location = read.extra_data?.location
  const side = sideOf(read.user_id, supplierId, demandId)
  const returnUrl = chooseReturnUrl(read.callback_url, read.completion_url, read.return_url)
  const click: Click = {
    id,
    wire: 'v1',
    postToken: read.post_token,
    userId: read.user_id,
    peerId: read.peer_id,
    data: read.extra_data?.provider_data ?? {},
    returnUrl: returnUrl.url,
    extra: collectExtra(present),
  }
  if (read.conversation_id !== undefined) click.conversationId = read.conversation_id
  if (supplierId !== undefined) click.supplierId = supplierId
  if (demandId !== undefined) click.demandId = demandId
  if (side !== undefined) click.side = side
  if (location) click.location = location
  return { click, returnUrlReplaced: returnUrl.replaced, absentParts }
}

const PARTY = /^(?:supplier|demand)$/i

/** Divar sends `Supplier` and `supplier`: both party names are read in any case. Of several spellings the last wins. */
function foldCase(body: JsonObject): JsonObject {
  let folded = body
  for (const key in body) {
    if (!PARTY.test(key) || folded[key.toLowerCase()] === body[key]) continue
    if (folded === body) folded = { ...body }
    folded[key.toLowerCase()] = body[key]
  }
  return folded
}

function sideOf(userId: string, supplierId: string | undefined, demandId: string | undefined): Side | undefined {
  if (userId === supplierId) return 'supply'
  return userId === demandId ? 'demand' : undefined
}

const isNameOfV1 = knows(clickV1)
const isOfV1 = (key: string) => isNameOfV1(key) || PARTY.test(key)
const isOfParty = knows(party)
const isOfExtraData = knows(extraData)
const isOfLocation = knows(location)

/** Unknown members of the body, and those of its objects under the object's name. */
function collectExtra(body: JsonObject): JsonObject {
  const extra = unknownMembers(body, isOfV1)
  for (const name of ['supplier', 'demand']) addUnknown(extra, name, body[name], isOfParty)
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
