import * as z from 'zod'
import { compiledAtFirstUse } from '../base/fields.ts'
import { findJsonFlaw, isJsonObject, type JsonObject } from '../base/strict-json.ts'
import type { ActionRequest } from '../click/click.ts'
import { createCall, type Call, type CallOptions } from './call.ts'
import { explainAnswer } from './explain-answer.ts'
import { checkLandingUrl, type LandingPolicy } from './resolve.ts'
import { ResolverError, type ResolverContext, type Unchecked, type UnknownMembers } from './resolver.ts'

type ActionMembers = {
  /** Opens for the user; checked like a landing. Not together with `data`. */
  url?: string
  /** Begins a click whose `data` this is, as an `open_server_link` button does. Not together with `url`. */
  data?: JsonObject
  /** Shown to the user: 1 to 1,000 characters. */
  text?: string
}

/** What a dynamic action does: opens a URL, begins a click, shows a text, or the text with either. */
export type ActionAnswer =
  | { url: string; data?: never; text?: string }
  | { data: JsonObject; url?: never; text?: string }
  | { text: string; url?: never; data?: never }

/** Answers a button with `get_dynamic_action`: the export `dynamicAction` of RESOLVER_MODULE. */
export type DynamicAction = (request: ActionRequest, context: ResolverContext) => Promise<ActionAnswer> | ActionAnswer

/** Gives a function for dynamic actions its types, as `defineResolver` does for a resolver. At run time it returns its argument. */
export function defineAction<const Answer extends ActionAnswer>(
  action: ((request: ActionRequest, context: ResolverContext) => Promise<Answer> | Answer) &
    ([UnknownMembers<Answer, ActionMembers>] extends [never]
      ? unknown
      : { unknownMember: UnknownMembers<Answer, ActionMembers> }),
): DynamicAction {
  return action
}

export type CallAction = Call<ActionRequest, ActionAnswer>

type CallActionOptions = Pick<CallOptions<ActionRequest, ActionAnswer>, 'timeoutMs' | 'shutdownSignal'> & {
  dynamicAction: Unchecked<ActionRequest>
  policy: LandingPolicy
}

/** A call of the operator's function: its timeout, and the check of its answer; see `createCall`. */
export function createCallAction({ dynamicAction, policy, ...limits }: CallActionOptions): CallAction {
  const check = (answer: unknown) => checkActionAnswer(answer, policy)
  return createCall({ ...limits, run: dynamicAction, name: 'the dynamic action', check })
}

export const MAX_ACTION_TEXT = 1000
const MAX_DATA_CHARACTERS = 64 * 1024
const EXPECTED = 'expected url, data or text'

const MEMBERS = {
  '': 'an object {url: ...}, {data: ...} or {text: ...}',
  url: 'a string',
  text: `a string of 1 to ${MAX_ACTION_TEXT} characters`,
}

const answerSchema = compiledAtFirstUse(
  z.object({
    url: z.string().nullish(),
    data: z.unknown().optional(),
    text: z.string().min(1).max(MAX_ACTION_TEXT).nullish(),
  }),
)

/**
 * Checks the answer of a module or of a service.
 * @throws ResolverError
 */
export function checkActionAnswer(answer: unknown, policy: LandingPolicy): ActionAnswer {
  const parsed = answerSchema.safeParse(answer)
  if (!parsed.success) {
    throw new ResolverError(`the dynamic action's answer is wrong: ${explainAnswer(parsed.error, answer, MEMBERS)}`)
  }
  const { url, data, text } = parsed.data
  const shown = typeof text === 'string' ? { text: acceptStrings('text', text) } : {}
  const hasUrl = typeof url === 'string'
  const hasData = data !== undefined && data !== null
  if (hasUrl && hasData) throw new ResolverError('the dynamic action answered both url and data; expected one of them')
  if (hasUrl) return { url: acceptUrl(url, policy), ...shown }
  if (hasData) return { data: acceptData(data), ...shown }
  if (shown.text !== undefined) return { text: shown.text }
  throw new ResolverError(`the dynamic action answered nothing; ${EXPECTED}`)
}

function acceptUrl(url: string, policy: LandingPolicy): string {
  const checked = checkLandingUrl(url, policy)
  if ('refused' in checked) throw new ResolverError(`the dynamic action's url ${checked.refused}`)
  return checked.url
}

/** The data as JSON: a module may answer what JSON cannot express. */
function acceptData(data: unknown): JsonObject {
  const { plain, length } = toPlain(data)
  if (length > MAX_DATA_CHARACTERS) {
    throw new ResolverError(`the dynamic action's data is longer than ${MAX_DATA_CHARACTERS} characters of JSON`)
  }
  if (!isJsonObject(plain)) throw new ResolverError("the dynamic action's data is not an object")
  return acceptStrings('data', plain)
}

/** A module may answer strings that strict JSON refuses, and so do JSON readers and databases behind the gateway. */
function acceptStrings<Given>(member: string, given: Given): Given {
  const flaw = findJsonFlaw(given)
  if (flaw !== undefined) throw new ResolverError(`the dynamic action's ${member}: ${flaw}`)
  return given
}

function toPlain(data: unknown): { plain: unknown; length: number } {
  try {
    const json = JSON.stringify(data)
    return { plain: JSON.parse(json), length: json.length }
  } catch (cause) {
    throw new ResolverError("the dynamic action's data cannot be written as JSON", cause)
  }
}
