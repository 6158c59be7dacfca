import type { Environment } from './variables.ts'
import { resolverKind } from './variables.ts'
import { CONSENT_VARIABLES, RESOLVER_VARIABLES } from './schema.ts'

/** They say how a store would be used. A status webhook is a promise instead: its address without a store is a fault. */
const ONLY_WITH_STORE = [
  'TOKEN_ENCRYPTION_KEY',
  'RETENTION_DAYS',
  'RETRY_FIRST_MS',
  'RETRY_MAX_MS',
  'RETRY_FOR_MS',
  'DELETE_AFTER_START_MS',
  'QUEUE_LIMIT',
  'OUTBOX_CONCURRENCY',
  'BACKUP_DIR',
]
const ONLY_WITH_BACKUP = ['BACKUP_EVERY_HOURS', 'BACKUP_KEEP']
const ONLY_WITH_CONSENT = [...CONSENT_VARIABLES, 'DIVAR_OAUTH_URL', 'DIVAR_SCOPE_STYLE']
/** Proxies are not used (docs/decisions/0017-going-out.md); a host that sets these for all its programs expects otherwise. */
const PROXIES = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy']

/** Variables that are set and have no effect: of another resolver, of a store or a consent that is not there, and of proxies. */
export function unusedVariables(given: Environment): string[] {
  const isSet = (name: string) => given[name] !== undefined
  const chosen = resolverKind.safeParse(given['RESOLVER']).data
  const ofOtherResolvers = Object.entries({
    ...RESOLVER_VARIABLES,
    template: [...RESOLVER_VARIABLES.template, 'LANDING_SCOPES'],
  }).flatMap(([kind, names]) => (chosen === undefined || kind === chosen ? [] : [...names]))
  return [
    ...ofOtherResolvers,
    ...(isSet('DATABASE_URL') ? [] : ONLY_WITH_STORE),
    ...(isSet('DATABASE_URL') && isSet('BACKUP_DIR') ? [] : ONLY_WITH_BACKUP),
    ...(isSet('STATUS_WEBHOOK_URL') ? [] : ['STATUS_WEBHOOK_SECRET']),
    ...(isSet('PUBLIC_URL') ? [] : ONLY_WITH_CONSENT),
    ...PROXIES,
  ].filter(isSet)
}
