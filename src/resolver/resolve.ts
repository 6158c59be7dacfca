import * as z from 'zod'
import { isLoopback, readWebAddress } from '../base/address.ts'
import { startDeadline } from '../base/timeout.ts'
import type { Click } from '../click/click.ts'
import { ResolverError, type CallContext, type LandingRead, type UncheckedResolver } from './resolver.ts'

/** Synchronous if the resolver is. */
export type Resolve = (
  click: Click,
  context: Omit<CallContext, 'controller'>,
) => Promise<CheckedLanding> | CheckedLanding

type ResolveOptions = {
  resolver: UncheckedResolver
  timeoutMs: number
  policy: LandingPolicy
  /** Ends all running calls when the process must stop. */
  shutdownSignal: AbortSignal
}

/**
 * Runs a resolver with its timeout and checks its answer. On timeout its signal is aborted, and a later answer is discarded.
 * @throws ResolverError when it throws, times out, or answers no usable landing
 */
export function createResolve({ resolver, timeoutMs, policy, shutdownSignal }: ResolveOptions): Resolve {
  const check = (answer: unknown) => checkLanding(answer, policy)
  return (click, context) => {
    const controller = new AbortController()
    const answer = run(resolver, click, { ...context, controller })
    return isThenable(answer) ? inTime(answer, controller, timeoutMs, shutdownSignal).then(check) : check(answer)
  }
}

async function inTime(
  answer: PromiseLike<unknown>,
  controller: AbortController,
  timeoutMs: number,
  shutdownSignal: AbortSignal,
): Promise<unknown> {
  const late = Promise.withResolvers<never>()
  const end = (reason: string) => {
    late.reject(new ResolverError(reason))
    controller.abort(reason)
  }
  const stopDeadline = startDeadline(timeoutMs, () => {
    end(`the resolver missed its deadline of ${timeoutMs} ms`)
  })
  const onShutdown = () => {
    end('the process ended before the resolver answered')
  }
  shutdownSignal.addEventListener('abort', onShutdown)
  if (shutdownSignal.aborted) onShutdown()
  try {
    return await Promise.race([answer, late.promise])
  } catch (error) {
    throw asResolverError(error)
  } finally {
    stopDeadline()
    shutdownSignal.removeEventListener('abort', onShutdown)
  }
}

function run(resolver: UncheckedResolver, click: Click, context: CallContext): unknown {
  try {
    return resolver(click, context)
  } catch (error) {
    throw asResolverError(error)
  }
}

function asResolverError(error: unknown): ResolverError {
  return error instanceof ResolverError ? error : new ResolverError('the resolver threw', error)
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

const MAX_URL = 4096
const MAX_MESSAGE = 200
const NO_ADDRESS = `is not an absolute https address of at most ${MAX_URL} characters, free of credentials, blanks and control characters`

const landingSchema = z.compile(
  z.object({
    url: z.string(),
    message: z.unknown().optional(),
    scopes: z.array(z.string().min(1).max(512)).max(20).nullish(),
    onDenied: z.string().nullish(),
    on_denied: z.string().nullish(),
  }),
)

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
    const members = parsed.error.issues.map(({ path }) => path.join('.') || 'answer').join(', ')
    throw new ResolverError(`the resolver answered no Landing: wrong ${members}`)
  }
  const { url, message, scopes, onDenied, on_denied } = parsed.data
  const denied = onDenied ?? on_denied
  const landing: LandingRead = { url: accept('url', url, policy) }
  if (scopes) landing.scopes = scopes
  if (denied) landing.onDenied = accept('onDenied', denied, policy)
  if (message === undefined || message === null) return { landing }
  if (typeof message !== 'string' || message === '') return { landing, messageChange: 'dropped' }
  if (message.length <= MAX_MESSAGE) return { landing: { ...landing, message } }
  // A half of a surrogate pair at the end is removed.
  const shortened = message.slice(0, MAX_MESSAGE).replace(/[\ud800-\udbff]$/, '')
  return { landing: { ...landing, message: shortened }, messageChange: 'shortened' }
}

/** Explains a changed message to the developer of a resolver. */
export function explainMessageChange(change: MessageChange): string {
  return change === 'dropped'
    ? 'message is not a text, or empty: the gateway answers without it'
    : `message is longer than ${MAX_MESSAGE} characters: the gateway shortens it`
}

function accept(member: string, url: string, policy: LandingPolicy): string {
  const checked = checkLandingUrl(url, policy)
  if ('refused' in checked) throw new ResolverError(`the Landing's ${member} ${checked.refused}`)
  return checked.url
}
