import { existsSync } from 'node:fs'
import { resolve as resolvePath } from 'node:path'
import * as z from 'zod'
import { readWebAddress } from '../base/address.ts'
import { nearestName } from '../base/nearest.ts'
import { checkLandingUrl } from '../resolver/resolve.ts'
import { templateResolver } from '../resolver/template.ts'
import { fileVariable, SECRETS } from './secret-files.ts'
import * as variable from './variables.ts'

export const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS

/** All variables of this version and how they depend on each other. `.env.example` lists them all. */
export const environmentSchema = z
  .object({
    PORT: variable.port.default(3000),
    HOST: variable.host.default('0.0.0.0'),
    INTERNAL_PORT: variable.port.optional(),
    DIVAR_IDENTIFICATION_KEY: variable.identificationKey,
    DIVAR_IDENTIFICATION_KEY_NEXT: variable.identificationKey.optional(),
    DIVAR_API_KEY: variable.headerSecret,
    INTERNAL_API_KEYS: variable.callerKeys,
    CALLER_PERMISSIONS: variable.callerPermissions.optional(),
    RESOLVER: variable.resolverKind,
    LANDING_URL_TEMPLATE: variable.text.optional(),
    LANDING_SCOPES: variable.scopes.optional(),
    RESOLVER_MODULE: variable.text.optional(),
    RESOLVER_URL: variable.webAddress.optional(),
    RESOLVER_SECRET: variable.headerSecret.optional(),
    RESOLVER_TIMEOUT_MS: variable.milliseconds(1, 30_000).default(1500),
    ACTION_URL: variable.webAddress.optional(),
    ACTION_FALLBACK_TEXT: variable.actionText.optional(),
    FALLBACK_LANDING_URL: variable.landing.optional(),
    LANDING_ALLOWED_ORIGINS: variable.origins.optional(),
    DIVAR_V1_API_URL: variable.baseAddress.default(new URL('https://api.divar.ir')),
    DIVAR_API_URL: variable.baseAddress.default(new URL('https://open-api.divar.ir')),
    DIVAR_TIMEOUT_MS: variable.milliseconds(1, 60_000).default(5000),
    TRUST_PROXY: variable.trustProxy.optional(),
    WRONG_KEYS_PER_MINUTE: variable.integer(0, 1_000_000, 'a number of wrong keys').default(20),
    SENDS_PER_MINUTE: variable.integer(0, 1_000_000, 'a number of messages').default(0),
    DIVAR_SOURCE_RANGES: variable.addressRanges.optional(),
    MAX_RUNNING_CLICKS: variable.integer(1, 100_000, 'a number of clicks').default(500),
    LOG_LEVEL: variable.logLevel.default('info'),
    SHUTDOWN_GRACE_MS: variable.milliseconds(0, 600_000).default(8000),
    OTEL_EXPORTER_OTLP_ENDPOINT: variable.baseAddress.optional(),
    DATABASE_URL: variable.database.optional(),
    TOKEN_ENCRYPTION_KEY: variable.encryptionKeys.optional(),
    RETENTION_DAYS: variable.integer(1, 365, 'whole days').default(7),
    TIMELINE_DAYS: variable.integer(0, 90, 'whole days, 0 for none').default(7),
    STATUS_WEBHOOK_URL: variable.webAddress.optional(),
    STATUS_WEBHOOK_SECRET: variable.webhookSecrets.optional(),
    EVENTS_URL: variable.webAddress.optional(),
    EVENTS_SECRET: variable.webhookSecrets.optional(),
    EVENTS_TYPES: variable.eventTypes.optional(),
    EVENTS_QUEUE_LIMIT: variable.integer(1, 1_000_000, 'a number of events').default(20_000),
    RETRY_FIRST_MS: variable.milliseconds(1, HOUR_MS).default(1000),
    RETRY_MAX_MS: variable.milliseconds(1, DAY_MS).default(HOUR_MS),
    RETRY_FOR_MS: variable.milliseconds(1, 7 * DAY_MS).default(DAY_MS),
    DELETE_AFTER_START_MS: variable.milliseconds(0, HOUR_MS).default(600_000),
    QUEUE_LIMIT: variable.integer(1, 1_000_000, 'a number of messages').default(10_000),
    DIVAR_SENDS_PER_MINUTE: variable.integer(0, 1_000_000, 'a number of messages').default(0),
    DIVAR_SENDS_PER_DAY: variable.integer(0, 100_000_000, 'a number of messages').default(0),
    OUTBOX_CONCURRENCY: variable.integer(1, 1024, 'a number of deliveries').default(64),
    DATABASE_POOL_SIZE: variable.integer(1, 500, 'a number of connections').default(10),
    BACKUP_DIR: variable.writableFolder.optional(),
    BACKUP_EVERY_HOURS: variable.integer(1, 168, 'whole hours').default(24),
    BACKUP_KEEP: variable.integer(1, 1000, 'a number of backups').default(7),
    PUBLIC_URL: variable.publicAddress.optional(),
    DIVAR_APP_SLUG: variable.text.optional(),
    DIVAR_CLIENT_SECRET: variable.text.optional(),
    DIVAR_OAUTH_URL: variable.origin.default(new URL('https://oauth.divar.ir')),
    DIVAR_SCOPE_STYLE: variable.scopeStyle.default('v2'),
  })
  // Runs even if single variables are invalid, so that one start reports every error.
  .superRefine(
    (variables, context) => {
      const invalid = new Set<unknown>(context.issues.map(({ path }) => path?.[0]))
      const report: Report = (name, message) => {
        if (!invalid.has(name)) context.addIssue({ code: 'custom', path: [name], message })
      }
      checkCallers(variables, report)
      checkResolver(variables, report)
      checkStore(variables, report)
      checkConsent(variables, report)
      if (variables.PORT !== 0 && variables.PORT === variables.INTERNAL_PORT)
        report('INTERNAL_PORT', 'expected another port than PORT, or nothing to share it')
    },
    { when: () => true },
  )

/** The parsed variables. An invalid one is present here, but not of its type. */
export type Variables = z.output<typeof environmentSchema>

/** Ignored if the variable is itself invalid. */
type Report = (name: keyof Variables, message: string) => void

function checkCallers({ INTERNAL_API_KEYS: keys, CALLER_PERMISSIONS: permissions }: Variables, report: Report): void {
  if (!Array.isArray(keys) || !(permissions instanceof Map)) return
  const names = new Set(keys.map(({ name }) => name))
  const missing = [...names].filter((name) => !permissions.has(name))
  if (missing.length > 0) report('CALLER_PERMISSIONS', `expected every caller; missing: ${missing.join(', ')}`)
  // Not named: it may be part of a secret.
  const unknown = [...permissions.keys()].findIndex((name) => !names.has(name))
  if (unknown !== -1) report('CALLER_PERMISSIONS', `its entry ${unknown + 1} is no caller of INTERNAL_API_KEYS`)
}

/** The variables that each resolver needs. */
const RESOLVER_VARIABLES = {
  template: ['LANDING_URL_TEMPLATE'],
  module: ['RESOLVER_MODULE'],
  forward: ['RESOLVER_URL', 'RESOLVER_SECRET'],
} as const

function checkResolver(variables: Variables, report: Report): void {
  const kind = variable.resolverKind.safeParse(variables.RESOLVER).data
  if (kind === undefined) return
  for (const name of RESOLVER_VARIABLES[kind])
    if (variables[name] === undefined) report(name, `RESOLVER=${kind} needs it`)
  if (kind !== 'forward' && variables.ACTION_URL !== undefined && variables.RESOLVER_SECRET === undefined)
    report('RESOLVER_SECRET', 'ACTION_URL needs it')
  const { LANDING_URL_TEMPLATE: template, RESOLVER_MODULE: file } = variables
  if (kind === 'template' && template !== undefined) checkTemplate(template, variables, report)
  if (kind === 'template' && variables.LANDING_SCOPES !== undefined && variables.PUBLIC_URL === undefined)
    report('LANDING_SCOPES', 'needs PUBLIC_URL, where consent starts')
  if (kind === 'module' && file !== undefined && !existsSync(file))
    report('RESOLVER_MODULE', `there is no file ${resolvePath(file)}`)
}

function checkTemplate(template: string, variables: Variables, report: Report): void {
  const { DATABASE_URL: database, LANDING_ALLOWED_ORIGINS: allowed } = variables
  try {
    templateResolver(template, { hasStore: database !== undefined })
  } catch (error) {
    report('LANDING_URL_TEMPLATE', error instanceof Error ? error.message : 'cannot be read')
    return
  }
  const origin = readWebAddress(template.replaceAll(/\{[^}]*\}/g, ''))?.origin ?? ''
  const checked = checkLandingUrl(origin, { allowedOrigins: allowed instanceof Set ? allowed : undefined })
  if ('refused' in checked) report('LANDING_URL_TEMPLATE', `its origin ${checked.refused}`)
}

function checkStore(variables: Variables, report: Report): void {
  const { DATABASE_URL: database, STATUS_WEBHOOK_URL: webhook } = variables
  if (database !== undefined && variables.TOKEN_ENCRYPTION_KEY === undefined)
    report('TOKEN_ENCRYPTION_KEY', 'DATABASE_URL needs it; openssl rand -base64 32 makes one')
  if (webhook !== undefined && database === undefined) report('STATUS_WEBHOOK_URL', 'needs DATABASE_URL')
  if (webhook !== undefined && variables.STATUS_WEBHOOK_SECRET === undefined)
    report('STATUS_WEBHOOK_SECRET', 'STATUS_WEBHOOK_URL needs it; echo "whsec_$(openssl rand -base64 32)" makes one')
  checkPacing(variables, report)
  checkEvents(variables, report)
  // False if RETRY_FIRST_MS is invalid: then it is no number.
  if (variables.RETRY_MAX_MS < variables.RETRY_FIRST_MS) report('RETRY_MAX_MS', 'expected at least RETRY_FIRST_MS')
  if (database?.kind === 'postgres' && variables.BACKUP_DIR !== undefined)
    report('BACKUP_DIR', 'for SQLite only; unset it, and back PostgreSQL up with its own tools')
}

function checkPacing(variables: Variables, report: Report): void {
  if (variables.DATABASE_URL !== undefined) return
  for (const name of ['DIVAR_SENDS_PER_MINUTE', 'DIVAR_SENDS_PER_DAY'] as const)
    if (variables[name] > 0) report(name, 'needs DATABASE_URL, where sends are counted')
}

function checkEvents(variables: Variables, report: Report): void {
  if (variables.EVENTS_URL === undefined) return
  if (variables.DATABASE_URL === undefined) report('EVENTS_URL', 'needs DATABASE_URL, where events are stored')
  if (variables.EVENTS_SECRET === undefined)
    report('EVENTS_SECRET', 'EVENTS_URL needs it; echo "whsec_$(openssl rand -base64 32)" makes one')
}

const CONSENT_VARIABLES = ['DIVAR_APP_SLUG', 'DIVAR_CLIENT_SECRET'] as const

function checkConsent(variables: Variables, report: Report): void {
  if (variables.PUBLIC_URL === undefined) return
  if (variables.DATABASE_URL === undefined) report('PUBLIC_URL', 'needs DATABASE_URL, where consent is stored')
  for (const name of CONSENT_VARIABLES) if (variables[name] === undefined) report(name, 'PUBLIC_URL needs it')
}

/** Not STATUS_WEBHOOK_URL, EVENTS_URL and DIVAR_SENDS_PER_*: without a store they are errors, since they would do nothing. */
const ONLY_WITH_STORE = [
  'TOKEN_ENCRYPTION_KEY',
  'RETENTION_DAYS',
  'TIMELINE_DAYS',
  'RETRY_FIRST_MS',
  'RETRY_MAX_MS',
  'RETRY_FOR_MS',
  'DELETE_AFTER_START_MS',
  'QUEUE_LIMIT',
  'OUTBOX_CONCURRENCY',
  'BACKUP_DIR',
]
const ONLY_WITH_BACKUP = ['BACKUP_EVERY_HOURS', 'BACKUP_KEEP']
const ONLY_WITH_EVENTS = ['EVENTS_SECRET', 'EVENTS_TYPES', 'EVENTS_QUEUE_LIMIT']
const ONLY_WITH_CONSENT = [...CONSENT_VARIABLES, 'DIVAR_OAUTH_URL', 'DIVAR_SCOPE_STYLE']
/** Proxies are not used (docs/decisions/0017-going-out.md); a host may set these for all its programs. */
const PROXIES = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy']

/** Variables that are set and have no effect: of another resolver, of a store or consent that is not configured, and of proxies. */
export function unusedVariables(given: variable.Environment): string[] {
  const isSet = (name: string) => given[name] !== undefined
  const hasPool = variable.database.safeParse(given['DATABASE_URL']).data?.kind !== 'sqlite'
  const chosen = variable.resolverKind.safeParse(given['RESOLVER']).data
  const ofOtherResolvers = Object.entries({
    ...RESOLVER_VARIABLES,
    template: [...RESOLVER_VARIABLES.template, 'LANDING_SCOPES'],
  }).flatMap(([kind, names]) => (chosen === undefined || kind === chosen ? [] : [...names]))
  const mayAnswerActions = isSet('ACTION_URL') || chosen === undefined || chosen === 'module'
  return [
    ...ofOtherResolvers.filter((name) => !(name === 'RESOLVER_SECRET' && isSet('ACTION_URL'))),
    ...(mayAnswerActions ? [] : ['ACTION_FALLBACK_TEXT']),
    ...(isSet('DATABASE_URL') ? [] : ONLY_WITH_STORE),
    ...(isSet('DATABASE_URL') && hasPool ? [] : ['DATABASE_POOL_SIZE']),
    ...(isSet('DATABASE_URL') && isSet('BACKUP_DIR') ? [] : ONLY_WITH_BACKUP),
    ...(isSet('STATUS_WEBHOOK_URL') ? [] : ['STATUS_WEBHOOK_SECRET']),
    ...(isSet('EVENTS_URL') ? [] : ONLY_WITH_EVENTS),
    ...(isSet('PUBLIC_URL') ? [] : ONLY_WITH_CONSENT),
    ...PROXIES,
  ].filter(isSet)
}

/** Shorter names are too near to foreign ones, such as HOSTS. */
const MIN_MISSPELLED = 6

/** Names that are not read and are almost the name of a variable that is not set. */
export function misspelledVariables(given: variable.Environment): { name: string; meant: string }[] {
  const known = [...Object.keys(environmentSchema.shape), ...SECRETS.map(fileVariable)]
  const absent = known.filter((name) => given[name] === undefined)
  return Object.keys(given)
    .filter((name) => name.length >= MIN_MISSPELLED && !known.includes(name))
    .flatMap((name) => {
      const meant = nearestName(name, absent)
      return meant === undefined ? [] : [{ name, meant }]
    })
}
