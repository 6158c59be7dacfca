import * as z from 'zod'
import { isLoopback, readWebAddress } from '../base/address.ts'
import { compiledAtFirstUse } from '../base/fields.ts'
import { findJsonFlaw } from '../base/strict-json.ts'
import type { Click } from '../click/click.ts'
import { createCall, type Call, type CallOptions } from './call.ts'
import { explainAnswer } from './explain-answer.ts'
import { ResolverError, type LandingRead, type UncheckedResolver } from './resolver.ts'

export type Resolve = Call<Click, CheckedLanding>

type ResolveOptions = Pick<CallOptions<Click, CheckedLanding>, 'timeoutMs' | 'shutdownSignal'> & {
  resolver: UncheckedResolver
  policy: LandingPolicy
}

/** A call of a resolver: its timeout, and the check of its landing; see `createCall`. */
export function createResolve({ resolver, policy, ...limits }: ResolveOptions): Resolve {
  return createCall({ ...limits, run: resolver, name: 'the resolver', check: (answer) => checkLanding(answer, policy) })
}

const MAX_URL = 4096
const MAX_MESSAGE = 200
const NO_ADDRESS = `is not an absolute https address of at most ${MAX_URL} characters, free of credentials, blanks and control characters`

const landingSchema = compiledAtFirstUse(
  z.object({
    url: z.string(),
    message: z.unknown().optional(),
    scopes: z.array(z.string().min(1).max(512)).max(20).nullish(),
    onDenied: z.string().nullish(),
    on_denied: z.string().nullish(),
  }),
)

const EXPECTED = {
  '': 'an object {url: ...}',
  url: 'a string',
  scopes: 'a list of at most 20 strings, each of 1 to 512 characters',
  onDenied: 'a string',
  on_denied: 'a string',
}

/** The origins that users may be sent to; any when LANDING_ALLOWED_ORIGINS is not set. */
export type LandingPolicy = { allowedOrigins?: ReadonlySet<string> | undefined }

/**
 * Checks a URL. Returns it as a browser would read it, or why users may not be sent there. It must be https (http to loopback only) and on
 * the list; see `readWebAddress` for what its text must not contain.
 */
export function checkLandingUrl(url: string, policy: LandingPolicy): { url: string } | { refused: string } {
  const address = url.length > MAX_URL ? undefined : readWebAddress(url)
  if (address === undefined) return { refused: NO_ADDRESS }
  if (address.protocol === 'http:' && !isLoopback(address)) return { refused: 'is http, which is for loopback only' }
  const isAllowed = policy.allowedOrigins?.has(address.origin) ?? true
  if (!isAllowed) return { refused: 'is not on LANDING_ALLOWED_ORIGINS' }
  if (address.href.length > MAX_URL) return { refused: `is longer than ${MAX_URL} characters` }
  return { url: address.href }
}

/** A landing as it is sent, and how its `message` was changed, if it was. */
export type CheckedLanding = { landing: LandingRead; messageChange?: MessageChange }
type MessageChange = 'dropped' | 'shortened'

/**
 * Checks the answer of any kind of resolver. An invalid `message` is changed or dropped; the user still gets the landing.
 * @throws ResolverError
 */
export function checkLanding(answer: unknown, policy: LandingPolicy): CheckedLanding {
  const parsed = landingSchema.safeParse(answer)
  if (!parsed.success) {
    throw new ResolverError(`the resolver answered no Landing: ${explainAnswer(parsed.error, answer, EXPECTED)}`)
  }
  const { url, message, scopes, onDenied, on_denied } = parsed.data
  const denied = onDenied ?? on_denied
  const landing: LandingRead = { url: accept('url', url, policy) }
  if (scopes) landing.scopes = scopes
  if (denied) landing.onDenied = accept('onDenied', denied, policy)
  if (message === undefined || message === null) return { landing }
  if (typeof message !== 'string' || message === '' || findJsonFlaw(message) !== undefined)
    return { landing, messageChange: 'dropped' }
  if (message.length <= MAX_MESSAGE) return { landing: { ...landing, message } }
  // A half of a surrogate pair at the end is removed.
  const shortened = message.slice(0, MAX_MESSAGE).replace(/[\ud800-\udbff]$/, '')
  return { landing: { ...landing, message: shortened }, messageChange: 'shortened' }
}

/** Explains a changed message to the developer of a resolver. */
export function explainMessageChange(change: MessageChange): string {
  return change === 'dropped'
    ? 'message is not a text, or empty, or holds NUL or half of a surrogate pair: the gateway answers without it'
    : `message is longer than ${MAX_MESSAGE} characters: the gateway shortens it`
}

function accept(member: string, url: string, policy: LandingPolicy): string {
  const checked = checkLandingUrl(url, policy)
  if ('refused' in checked) throw new ResolverError(`the Landing's ${member} ${checked.refused}`)
  return checked.url
}
