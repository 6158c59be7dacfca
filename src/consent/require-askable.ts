import type { Click } from '../click/click.ts'
import { ResolverError } from '../resolver/resolver.ts'
import { ScopeError, requestedScopes, type RequestedScope } from '../scope/requested-scopes.ts'
import { subjectOfClick, requireProvableOwner } from './consent-request.ts'

/**
 * Checks a landing's scopes as a gateway does that has consent set up.
 * @throws ResolverError for scopes that cannot be asked for at this click
 */
export function requireAskable(scopes: string[], click: Click): asserts scopes is RequestedScope[] {
  const asked = subjectOfClick(click)
  try {
    requireProvableOwner(requestedScopes(scopes, asked), asked)
  } catch (error) {
    throw error instanceof ScopeError ? new ResolverError(`the Landing's scopes: ${error.message}`) : error
  }
}
