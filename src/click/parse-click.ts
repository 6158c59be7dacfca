import type { IncomingHttpHeaders } from 'node:http'
import * as z from 'zod'
import { Fault } from '../base/fault.ts'
import { fieldErrors, requiredText, summarize } from '../base/fields.ts'
import { newId } from '../base/id.ts'
import { isJsonObject, type JsonObject } from '../base/strict-json.ts'
import { SIDES, type Click, type ClickRead, type Side } from './click.ts'
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

const readers = { v1: readClickV1, v2: readClickV2 }

type ClickWire = keyof typeof readers

/**
 * Reads the wire version from `API-Version`; without it v1. Divar documents the header with a hyphen and, on two pages, an underscore.
 * @throws Fault `unknown_version`
 */
export function readClickVersion(headers: IncomingHttpHeaders): ClickWire {
  const hyphened = String(headers['api-version'] ?? '').trim()
  const underscored = String(headers['api_version'] ?? '').trim()
  const version = hyphened === '' ? underscored : hyphened
  const isOneVersion = underscored === '' || underscored === version
  if (isOneVersion && (version === '1' || version === '')) return 'v1'
  if (isOneVersion && version === '2') return 'v2'
  throw new Fault('unknown_version', 'API-Version: expected 1, 2 or no such header (1)')
}

/**
 * Parses a session-initialization body of either wire into one Click.
 * @throws Fault `invalid_click` with all errors of the body
 */
export function parseClick(wire: ClickWire, body: unknown): ClickRead {
  if (!isJsonObject(body)) throw new Fault('invalid_click', 'body: expected a JSON object')
  try {
    return readers[wire](body, newId('clk'))
  } catch (error) {
    throw asFault('invalid_click', error, versionHint(wire, body))
  }
}

/** A schema's errors as a fault; other errors unchanged. */
export function asFault(code: 'invalid_click' | 'invalid_action', error: unknown, hint = ''): unknown {
  if (!(error instanceof z.ZodError)) return error
  const errors = fieldErrors(error)
  return new Fault(code, summarize(errors) + hint, { errors })
}

/** Some proxies (nginx by default) drop headers with an underscore; a v2 click then looks like an invalid v1 one. */
function versionHint(wire: ClickWire, body: JsonObject): string {
  return wire === 'v1' && !Object.hasOwn(body, 'peer_id') && Object.hasOwn(body, 'user_side')
    ? '. This looks like v2 without its API-Version header: does a proxy drop API_VERSION?'
    : ''
}

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
function readClickV1(body: JsonObject, id: string): ClickRead {
  let absentParts = 0
  const present = withoutAbsentParts(foldCase(body), PARTS_OF_V1, () => (absentParts += 1))
  const read = clickV1.parse(present)
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

const isOfV2 = knows(clickV2)

const PARTS_OF_V2: OptionalParts = new Map([
  ...textParts(clickV2.shape),
  ['extra_data', dataPart],
  ['provider_data', dataPart],
])

/** Reads a v2 body. @throws ZodError with all errors of the body */
function readClickV2(body: JsonObject, id: string): ClickRead {
  return readMembersOfV2(clickV2, isOfV2, body, id)
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
