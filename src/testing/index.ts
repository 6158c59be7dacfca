/**
 * The test kit for resolvers: clicks as the gateway reads them from Divar, and a runner with the gateway's own deadline and checks. It is
 * published as an ES module and as CommonJS, and uses no test framework.
 */
import { ORIGINS_EXPECTED, readOrigins } from '../base/address.ts'
import { createLogger, type Logger } from '../observability/log.ts'
import { newId } from '../base/id.ts'
import type { JsonObject } from '../base/strict-json.ts'
import { newTrace } from '../observability/trace.ts'
import type { ActionRequest, Click } from '../click/click.ts'
import { parseAction } from '../click/parse-action.ts'
import { parseClick } from '../click/parse-click.ts'
import { requireValidScopes } from '../consent/consent-scopes.ts'
import { createCallAction, type ActionAnswer, type DynamicAction } from '../resolver/action.ts'
import { explainMessageChange, createResolve } from '../resolver/resolve.ts'
import type { Landing, Resolver, ResolverContext, Unchecked } from '../resolver/resolver.ts'

export type { ActionRequest, Click, Location, Side } from '../click/click.ts'
export { defineAction } from '../resolver/action.ts'
export type { ActionAnswer, DynamicAction } from '../resolver/action.ts'
export { defineResolver, ResolverError } from '../resolver/resolver.ts'
export type { Landing, Resolver, ResolverContext } from '../resolver/resolver.ts'
export type { RequestedScope } from '../scope/scope.ts'
export { Fault } from '../base/fault.ts'

/**
 * A click that came on v1.
 * @param overrides members of the wire's body, as Divar writes them
 * @throws Fault `invalid_click`, naming every error: Divar cannot send such a click
 */
export function clickV1(overrides: ClickBodyV1 = {}): Click {
  return parseClick('v1', asWire(clickBodyV1(overrides))).click
}

/** A click that came on v2; see `clickV1`. */
export function clickV2(overrides: ClickBodyV2 = {}): Click {
  return parseClick('v2', asWire(clickBodyV2(overrides))).click
}

/** A dynamic action; see `clickV1`. */
export function actionRequest(overrides: ActionBody = {}): ActionRequest {
  return parseAction(asWire(actionBody(overrides))).click
}

/** The body as the gateway receives it: without values that JSON cannot express. */
function asWire(body: JsonObject): unknown {
  return JSON.parse(JSON.stringify(body))
}

export type RunOptions = {
  /** The resolver's timeout, like RESOLVER_TIMEOUT_MS. Default: 1500. */
  timeoutMs?: number
  /** Allowed origins, like LANDING_ALLOWED_ORIGINS: a text with commas, or a list. Default: any. */
  allowedOrigins?: string | readonly string[]
  /** Gets what the resolver logs. Default: nothing is logged. */
  log?: Logger
}

/**
 * Runs a resolver as the gateway does: against its deadline, with the same checks of what it answers.
 * @returns the Landing as the gateway would send it; a process warning says so where its message was dropped or shortened
 * @throws ResolverError when it throws (see its `cause`), is late, or answers no usable Landing
 * @throws TypeError when `allowedOrigins` has anything but origins
 */
export async function runResolver(resolver: Resolver, click: Click, options: RunOptions = {}): Promise<Landing> {
  const resolve = createResolve({ ...limitsOf(options), resolver: withContext(resolver) })
  const { landing, messageChange } = await resolve(click, newContext(options))
  if (messageChange !== undefined) process.emitWarning(`the Landing's ${explainMessageChange(messageChange)}`)
  const { scopes, ...others } = landing
  if (scopes === undefined) return others
  requireValidScopes(scopes, click)
  return { ...others, scopes }
}

/**
 * Runs a function for dynamic actions as the gateway does: against its deadline, with the same checks of what it answers.
 * @returns the answer as the gateway would send it
 * @throws ResolverError when it throws (see its `cause`), is late, or answers nothing usable
 * @throws TypeError when `allowedOrigins` has anything but origins
 */
export async function runAction(
  dynamicAction: DynamicAction,
  request: ActionRequest,
  options: RunOptions = {},
): Promise<ActionAnswer> {
  const callAction = createCallAction({ ...limitsOf(options), dynamicAction: withContext(dynamicAction) })
  return await callAction(request, newContext(options))
}

function limitsOf({ timeoutMs = 1500, allowedOrigins }: RunOptions) {
  return {
    timeoutMs,
    policy: { allowedOrigins: allowedOrigins === undefined ? undefined : requireOrigins(allowedOrigins) },
    shutdownSignal: new AbortController().signal,
  }
}

function newContext({ log = createLogger('silent') }: RunOptions) {
  return { log, requestId: newId('req'), trace: newTrace() }
}

function withContext<Asked>(run: (asked: Asked, context: ResolverContext) => unknown): Unchecked<Asked> {
  return (asked, { controller, log }) => run(asked, { signal: controller.signal, log })
}

function requireOrigins(given: string | readonly string[]): ReadonlySet<string> {
  const origins = readOrigins(given)
  if (origins === undefined) throw new TypeError(`allowedOrigins: ${ORIGINS_EXPECTED}`)
  return origins
}

type Text = string | null | undefined
type Party = { id?: Text } | null | undefined

/** The members of a v1 click's body, as Divar writes them. */
export type ClickBodyV1 = {
  post_token?: Text
  user_id?: Text
  peer_id?: Text
  conversation_id?: Text
  /** The seller. */
  Supplier?: Party
  /** The buyer. */
  demand?: Party
  extra_data?:
    | {
        /** What the app put into the button. */
        provider_data?: JsonObject | null | undefined
        /** Present when the button is under a location message. */
        location?: { latitude: number | string; longitude: number | string } | null | undefined
      }
    | null
    | undefined
  callback_url?: Text
  completion_url?: Text
  return_url?: Text
}

/** The members of a v2 click's body, as Divar writes them. */
export type ClickBodyV2 = {
  source?: Text
  post_token?: Text
  conversation_id?: Text
  /** `SUPPLY` or `DEMAND`. */
  user_side?: Text
  /** What the app put into the button. */
  extra_data?: JsonObject | null | undefined
  /** The same, under its other name. */
  provider_data?: JsonObject | null | undefined
  user_id?: Text
  callback_url?: Text
  completion_url?: Text
  return_url?: Text
}

/** The members of a dynamic action's body, as Divar writes them. */
export type ActionBody = Omit<ClickBodyV2, 'callback_url' | 'completion_url' | 'return_url' | 'source'> & {
  /** Where the button is. */
  touchpoint?: string | undefined
}

/**
 * The complete body of a v1 click.
 * @param overrides replace members of the sample; `undefined` leaves a member out
 */
export function clickBodyV1(overrides: ClickBodyV1 = {}): JsonObject {
  return {
    extra_data: { provider_data: { order_id: 'A-1029' } },
    callback_url: 'https://open-platform-redirect.divar.ir/completion',
    post_token: 'AZf3Uqr3',
    user_id: 'e9ba8a81-9583-4f7c-af54-b07df089d971',
    peer_id: '1697004f-e902-44c2-bbbe-bf8e20d54bff',
    Supplier: { id: '1697004f-e902-44c2-bbbe-bf8e20d54bff' },
    demand: { id: 'e9ba8a81-9583-4f7c-af54-b07df089d971' },
    ...overrides,
  }
}

/** The complete body of a v2 click; see `clickBodyV1`. */
export function clickBodyV2(overrides: ClickBodyV2 = {}): JsonObject {
  return {
    source: 'CHAT_MESSAGE_ACTION',
    post_token: 'AZf3Uqr3',
    conversation_id: '6b3d5cf7-9291-4fa9-892a-9d07e300daea',
    user_side: 'DEMAND',
    extra_data: { order_id: 'A-1029' },
    user_id: 'Qm0wW1hZc2xYT3dQd0ZyS0J6dU5nVWtqSGVMaVRzREI=',
    ...overrides,
  }
}

/** The complete body of a dynamic action; see `clickBodyV1`. */
export function actionBody(overrides: ActionBody = {}): JsonObject {
  const { source: _, ...click } = clickBodyV2()
  return { touchpoint: 'CHAT_MESSAGE_ACTION', ...click, ...overrides }
}
