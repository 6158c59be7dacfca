import { within } from '../base/timeout.ts'
import { clickToJson, type Click } from '../click/click.ts'
import { ResolverError, type LandingRead } from '../resolver/resolver.ts'
import { ScopeError } from '../scope/requested-scopes.ts'
import { StoreError } from '../store/store.ts'
import type { SavedClicks } from '../click/saved-clicks.ts'
import { subjectOfClick } from './consent-request.ts'
import { TooManyFlowsError, type AuthorizationFlow } from './authorization-flow.ts'

/** A user waits with a finger on the glass: the store gets no longer than this. */
const CONSENT_TIMEOUT_MS = 1000

/** Where a user goes first, and whether that is to be asked. */
export type ClickTarget = { url: string; consent?: 'asked' | 'held' }

/**
 * What happens between a landing and the answer: a click that the landing names is kept, and whoever has not consented to what the landing
 * asks is led to the flow.
 * @throws ResolverError for scopes that cannot be asked for; StoreError
 */
export type RequireConsent = (click: Click, landing: LandingRead) => Promise<ClickTarget> | ClickTarget

export function createRequireConsent({
  flow,
  clicks,
}: {
  flow: AuthorizationFlow | undefined
  clicks: SavedClicks | undefined
}): RequireConsent {
  const requireFor = async (click: Click, { url, scopes = [], onDenied }: LandingRead): Promise<ClickTarget> => {
    const named = clicks !== undefined && url.includes(click.id) ? { ...clickToJson(click), id: click.id } : undefined
    if (scopes.length > 0 && flow === undefined) {
      throw new ResolverError('the Landing asks for scopes, and consent is not set up: PUBLIC_URL is not set')
    }
    const asked = subjectOfClick(click)
    if (scopes.length > 0 && flow !== undefined && !(await flow.isCovered(scopes, asked))) {
      const destination = { landing: url, onDenied, returnUrl: click.returnUrl, click: named }
      return { url: (await flow.begin(scopes, asked, destination, { kind: 'click' })).url, consent: 'asked' }
    }
    if (named !== undefined) await clicks?.keep(click.id, named)
    return { url, ...(scopes.length > 0 && { consent: 'held' as const }) }
  }
  const requireInTime = async (click: Click, landing: LandingRead): Promise<ClickTarget> => {
    try {
      const target = await within(CONSENT_TIMEOUT_MS, requireFor(click, landing))
      if (target === undefined) throw new StoreError('the store did not answer a click in time', undefined)
      return target.value
    } catch (error) {
      if (error instanceof ScopeError) throw new ResolverError(`the Landing's scopes: ${error.message}`)
      if (error instanceof TooManyFlowsError) throw new ResolverError(error.message)
      throw error
    }
  }
  // Most clicks: nothing is asked, nothing kept, and nothing to wait for.
  const isFree = ({ scopes = [] }: LandingRead) => clicks === undefined && scopes.length === 0
  return (click, landing) => (isFree(landing) ? { url: landing.url } : requireInTime(click, landing))
}
