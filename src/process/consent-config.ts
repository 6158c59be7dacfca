import * as z from 'zod'
import type { ScopeStyle } from '../scope/scope.ts'
import * as variable from './variables.ts'

/** What a gateway that walks consent is told. */
export type ConsentConfig = {
  /** Where users reach this gateway; no slash at the end. */
  publicUrl: string
  isSecure: boolean
  appSlug: string
  clientSecret: string
  oauthUrl: URL
  scopeStyle: ScopeStyle
}

export const consentSchema = z.object({
  PUBLIC_URL: variable.publicAddress.optional(),
  DIVAR_APP_SLUG: variable.text.optional(),
  DIVAR_CLIENT_SECRET: variable.text.optional(),
  DIVAR_OAUTH_URL: variable.origin.default(new URL('https://oauth.divar.ir')),
  DIVAR_SCOPE_STYLE: variable.scopeStyle.default('v2'),
})
type ConsentVariables = z.infer<typeof consentSchema>

const NEEDED = ['DIVAR_APP_SLUG', 'DIVAR_CLIENT_SECRET']
const MOOT_WITHOUT_CONSENT = [...NEEDED, 'DIVAR_OAUTH_URL', 'DIVAR_SCOPE_STYLE']

/** The variables that would have no effect. */
export function mootConsentVariables(given: variable.Environment): string[] {
  return given['PUBLIC_URL'] === undefined ? MOOT_WITHOUT_CONSENT : []
}

export function consentFaults(given: variable.Environment): string[] {
  if (given['PUBLIC_URL'] === undefined) return []
  return [
    ...(given['DATABASE_URL'] === undefined ? ['PUBLIC_URL: needs DATABASE_URL, where consent is kept'] : []),
    ...NEEDED.filter((name) => given[name] === undefined).map((name) => `${name}: PUBLIC_URL needs it`),
  ]
}

export function chooseConsent(variables: ConsentVariables): ConsentConfig | undefined {
  const { PUBLIC_URL: publicUrl, DIVAR_APP_SLUG: appSlug, DIVAR_CLIENT_SECRET: clientSecret } = variables
  if (publicUrl === undefined || appSlug === undefined || clientSecret === undefined) return undefined
  return {
    publicUrl: publicUrl.href.replace(/\/+$/, ''),
    isSecure: publicUrl.protocol === 'https:',
    appSlug,
    clientSecret,
    oauthUrl: variables.DIVAR_OAUTH_URL,
    scopeStyle: variables.DIVAR_SCOPE_STYLE,
  }
}

/** For the start-up line: of the secret only whether. */
export function describeConsent(consent: ConsentConfig | undefined): Record<string, unknown> {
  if (consent === undefined) return { consent: 'no' }
  return {
    consent: 'yes',
    public_url: consent.publicUrl,
    divar_oauth: consent.oauthUrl.origin,
    divar_scope_style: consent.scopeStyle,
    divar_client_secret: 'yes',
  }
}
