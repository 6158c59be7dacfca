import { existsSync } from 'node:fs'
import { resolve as resolvePath } from 'node:path'
import * as z from 'zod'
import { readWebAddress } from '../base/address.ts'
import { checkLandingUrl } from '../resolver/landing.ts'
import type { ResolverChoice } from '../resolver/load.ts'
import { templateResolver } from '../resolver/template.ts'
import * as variable from './variables.ts'
import type { Environment } from './variables.ts'

export const resolverSchema = z.object({
  RESOLVER: variable.resolverKind,
  LANDING_URL_TEMPLATE: variable.text.optional(),
  LANDING_SCOPES: variable.scopes.optional(),
  RESOLVER_MODULE: variable.text.optional(),
  RESOLVER_URL: variable.webAddress.optional(),
  RESOLVER_SECRET: variable.headerSecret.optional(),
})
/** With whether there is a store, which a template may name clicks of. */
type ResolverVariables = z.infer<typeof resolverSchema> & { DATABASE_URL?: unknown }

/** Which variables each resolver needs. */
const RESOLVER_VARIABLES = {
  template: ['LANDING_URL_TEMPLATE'],
  module: ['RESOLVER_MODULE'],
  forward: ['RESOLVER_URL', 'RESOLVER_SECRET'],
} as const
const OPTIONAL_VARIABLES = { template: ['LANDING_SCOPES'], module: [], forward: [] } as const

/** Variables of another resolver, once one is chosen. */
export function mootResolverVariables(given: Environment): string[] {
  const chosen = variable.resolverKind.safeParse(given['RESOLVER']).data
  const all = [...Object.entries(RESOLVER_VARIABLES), ...Object.entries(OPTIONAL_VARIABLES)]
  return all.flatMap(([kind, names]) => (chosen === undefined || kind === chosen ? [] : [...names]))
}

export function chooseResolver(variables: ResolverVariables): ResolverChoice {
  const { RESOLVER: kind, LANDING_URL_TEMPLATE: template, RESOLVER_MODULE: file } = variables
  const { RESOLVER_URL: url, RESOLVER_SECRET: secret } = variables
  if (kind === 'template' && template !== undefined)
    return { kind, template, scopes: variables.LANDING_SCOPES, hasStore: variables.DATABASE_URL !== undefined }
  if (kind === 'module' && file !== undefined) return { kind, file }
  if (kind === 'forward' && url !== undefined && secret !== undefined) return { kind, url, secret }
  throw new Error('resolverFaults let an incomplete resolver pass')
}

/** What the chosen resolver lacks, or cannot work with. */
export function resolverFaults(given: Environment): string[] {
  const kind = variable.resolverKind.safeParse(given['RESOLVER']).data
  if (kind === undefined) return []
  const missing = RESOLVER_VARIABLES[kind].filter((name) => given[name] === undefined)
  if (missing.length > 0) return missing.map((name) => `${name}: RESOLVER=${kind} needs it`)
  const { LANDING_URL_TEMPLATE: template, RESOLVER_MODULE: file } = given
  if (kind === 'template' && template !== undefined) return [...templateFaults(template, given), ...scopeFaults(given)]
  if (kind === 'module' && file !== undefined && !existsSync(file)) {
    return [`RESOLVER_MODULE: there is no file ${resolvePath(file)}`]
  }
  return []
}

function scopeFaults({ LANDING_SCOPES: scopes, PUBLIC_URL: publicUrl }: Environment): string[] {
  return scopes !== undefined && publicUrl === undefined
    ? ['LANDING_SCOPES: needs PUBLIC_URL, where consent begins']
    : []
}

function templateFaults(template: string, given: Environment): string[] {
  const { LANDING_ALLOWED_ORIGINS: allowed, DATABASE_URL: database } = given
  try {
    templateResolver(template, { hasStore: database !== undefined })
  } catch (error) {
    return [`LANDING_URL_TEMPLATE: ${error instanceof Error ? error.message : 'cannot be read'}`]
  }
  const origin = readWebAddress(template.replaceAll(/\{[^}]*\}/g, ''))?.origin ?? ''
  const checked = checkLandingUrl(origin, { allowedOrigins: variable.origins.optional().safeParse(allowed).data })
  return 'refused' in checked ? [`LANDING_URL_TEMPLATE: its origin ${checked.refused}`] : []
}
