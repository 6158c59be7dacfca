import type { Grants } from '../consent/grants.ts'
import type { Covering } from '../consent/grant.ts'
import { tryTokens } from '../consent/try-tokens.ts'
import type { Trace } from '../observability/trace.ts'
import { readScope, writeNotation, type ScopeStyle } from '../scope/scope.ts'
import type { Call, CallDivar, Result } from './call-divar.ts'
import type { Operation } from './operations.ts'
import type { Parameters } from './read-call.ts'

/** By what right a call is made. */
export type Credential =
  | { kind: 'token'; token: string }
  /** The operation involves no user. */
  | { kind: 'app' }
  /** Scopes of which a grant must have one, the narrowest first. */
  | { kind: 'grant'; scopes: readonly ScopeOfUser[] }

/** A scope in both notations, and the user who must have granted it, if the request names one. */
export type ScopeOfUser = Record<ScopeStyle, string> & { userId: string | undefined }

/** Why there is no grant for a call. */
type NoGrant = { kind: 'consent_required' | 'sender_ambiguous' } | { kind: 'grant_unreadable'; grantId: string }

export type Outcome = Result | NoGrant

/** Makes a call with the right that it needs. @throws StoreError, SealError */
export type MakeCall = (call: Call, credential: Credential, trace: Trace) => Promise<Outcome>

/**
 * @param grants undefined without consent
 * @param timeoutMs of one call, with all tokens that are tried
 */
export function createMakeCall(callDivar: CallDivar, grants: Grants | undefined, timeoutMs: number): MakeCall {
  return async (call, credential, trace) => {
    const endsAt = performance.now() + timeoutMs
    const callWith = (token?: string) => callDivar(call, token, Math.max(endsAt - performance.now(), 1), trace)
    if (credential.kind === 'token') return callWith(credential.token)
    if (credential.kind === 'app') return callWith()
    return grants === undefined ? { kind: 'consent_required' } : callWithGrant(grants, credential.scopes, callWith)
  }
}

async function callWithGrant(
  grants: Grants,
  scopes: readonly ScopeOfUser[],
  callWith: (token: string) => Promise<Result>,
): Promise<Outcome> {
  const covering = scopes.flatMap(({ v2, v1, userId }): Covering[] =>
    [...new Set([v2, v1])].map((text) => ({ scope: readScope(text), userId })),
  )
  const refusedTokens = new Set<string>()
  for (;;) {
    const choice = await grants.forScopes(covering)
    if (choice.kind === 'not_refreshed') return notRefreshed(choice.reason)
    if (choice.kind !== 'grant') return choice
    const tried = await tryTokens(grants, choice.grant, refusedTokens, callWith, isTokenRefused)
    if (tried.kind === 'tried') return tried.result
    if (tried.kind === 'not_refreshed') return notRefreshed(tried.reason)
  }
}

function isTokenRefused({ kind }: Result): boolean {
  return kind === 'token_refused'
}

function notRefreshed(reason: string): Result {
  return { kind: 'not_sent', cause: 'remote', reason: `no fresh token: ${reason}` }
}

/** The scopes that allow the operation for this user and these resources. Without a user, only those that name a resource. */
export function scopesOf({ scopes }: Operation, parameters: Parameters, userId: string | undefined): ScopeOfUser[] {
  return scopes.flatMap((scope) => {
    const [permission = '', resource] = scope.split('.')
    if (resource === undefined) return userId === undefined ? [] : [{ v1: permission, v2: permission, userId }]
    const value = parameters[resource.slice(1, -1)] ?? ''
    return [{ v1: writeNotation(permission, value, 'v1'), v2: writeNotation(permission, value, 'v2'), userId }]
  })
}
