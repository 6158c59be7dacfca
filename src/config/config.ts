import type { AddressRanges } from '../base/address.ts'
import type { LogLevel } from '../observability/log.ts'
import type { ResolverChoice } from '../resolver/resolver.ts'
import type { ScopeStyle } from '../scope/scope.ts'
import { DAY_MS, environmentSchema, HOUR_MS, unusedVariables, type Variables } from './schema.ts'
import { suspectKeys } from './suspect-keys.ts'
import type { DatabaseChoice, Environment } from './variables.ts'

export type { Environment }

/** The checked configuration. */
export type Config = {
  port: number
  host: string
  internalPort?: number | undefined
  identificationKeys: [string, ...string[]]
  callerKeys: { name: string; key: string }[]
  divarApiKey: string
  divarV1ApiUrl: URL
  divarApiUrl: URL
  divarTimeoutMs: number
  resolver: ResolverChoice
  resolverTimeoutMs: number
  fallbackLandingUrl?: string | undefined
  landingAllowedOrigins?: ReadonlySet<string> | undefined
  limits: LimitsConfig
  logLevel: LogLevel
  shutdownGraceMs: number
  /** Where spans are exported; undefined without OTEL_EXPORTER_OTLP_ENDPOINT. */
  otlpUrl?: URL | undefined
  /** Undefined without DATABASE_URL. */
  store?: StoreConfig | undefined
  /** Undefined without PUBLIC_URL. */
  consent?: ConsentConfig | undefined
  /** Variables that are set and have no effect. */
  ignored: string[]
  /** Identification keys in quotes, or with invisible characters around them. */
  suspectKeys: string[]
}

export type LimitsConfig = {
  /** The number of proxies before the gateway, or their addresses. Without it no proxy is trusted. */
  trustProxy?: number | AddressRanges | undefined
  /** Per address; 0 means no limit. */
  wrongKeysPerMinute: number
  /** Per caller; 0 means no limit. */
  sendsPerMinute: number
  /** The addresses that Divar calls from. */
  divarSources?: AddressRanges | undefined
  maxRunningClicks: number
}

export type StoreConfig = {
  database: DatabaseChoice
  /** Of 32 bytes each: the first encrypts, all decrypt. */
  keys: [Buffer, ...Buffer[]]
  retentionMs: number
  /** The first delay, the longest delay, and how long a message is retried in total. */
  retry: { firstMs: number; maxMs: number; forMs: number }
  /** No row is deleted by its age for this long after a start. */
  deleteAfterStartMs: number
  /** Per caller. */
  queueLimit: number
  /** Concurrent deliveries to one of Divar's hosts. */
  concurrency: number
  webhook?: { url: URL; secret: string } | undefined
  backup?: { folder: string; everyMs: number; keep: number } | undefined
}

export type ConsentConfig = {
  /** Where users reach this gateway; no slash at the end. */
  publicUrl: string
  isSecure: boolean
  appSlug: string
  clientSecret: string
  oauthUrl: URL
  scopeStyle: ScopeStyle
}

/** The configuration is invalid: one line per error, without the value of any variable. */
export class ConfigError extends Error {
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    super(faults.join('\n'))
    this.name = 'ConfigError'
    this.faults = faults
  }
}

const SECRETS = [
  'DIVAR_IDENTIFICATION_KEY',
  'DIVAR_IDENTIFICATION_KEY_NEXT',
  'DIVAR_API_KEY',
  'INTERNAL_API_KEYS',
  'DATABASE_URL',
  'TOKEN_ENCRYPTION_KEY',
  'STATUS_WEBHOOK_SECRET',
  'DIVAR_CLIENT_SECRET',
]

/**
 * Reads the configuration. Values are trimmed, and an empty variable counts as absent.
 * @throws ConfigError with all errors at once
 */
export function readConfig(environment: Environment = process.env): Config {
  const given = trimmed(environment)
  const ignored = unusedVariables(given)
  const used = Object.fromEntries(Object.entries(given).filter(([name]) => !ignored.includes(name)))
  const parsed = environmentSchema.safeParse(used)
  const faults = [
    ...(parsed.error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`),
    ...placeholderFaults(used),
  ]
  if (faults.length > 0 || !parsed.success) throw new ConfigError(faults)
  return { ...toConfig(parsed.data), ignored, suspectKeys: suspectKeys(used) }
}

function trimmed(environment: Environment): Environment {
  const entries = Object.entries(environment).map(([name, value]) => [name, value?.trim()] as const)
  return Object.fromEntries(entries.filter(([, value]) => value))
}

/** `.env.example` is public, so its placeholders are not secret. */
function placeholderFaults(given: Environment): string[] {
  return SECRETS.filter((name) => given[name]?.includes('change-me')).map(
    (name) => `${name}: still holds the placeholder of .env.example`,
  )
}

function toConfig(variables: Variables): Omit<Config, 'ignored' | 'suspectKeys'> {
  const next = variables.DIVAR_IDENTIFICATION_KEY_NEXT
  return {
    port: variables.PORT,
    host: variables.HOST,
    internalPort: variables.INTERNAL_PORT,
    identificationKeys: [variables.DIVAR_IDENTIFICATION_KEY, ...(next === undefined ? [] : [next])],
    callerKeys: variables.INTERNAL_API_KEYS,
    divarApiKey: variables.DIVAR_API_KEY,
    divarV1ApiUrl: variables.DIVAR_V1_API_URL,
    divarApiUrl: variables.DIVAR_API_URL,
    divarTimeoutMs: variables.DIVAR_TIMEOUT_MS,
    resolver: toResolver(variables),
    resolverTimeoutMs: variables.RESOLVER_TIMEOUT_MS,
    fallbackLandingUrl: variables.FALLBACK_LANDING_URL,
    landingAllowedOrigins: variables.LANDING_ALLOWED_ORIGINS,
    limits: {
      trustProxy: variables.TRUST_PROXY,
      wrongKeysPerMinute: variables.WRONG_KEYS_PER_MINUTE,
      sendsPerMinute: variables.SENDS_PER_MINUTE,
      divarSources: variables.DIVAR_SOURCE_RANGES,
      maxRunningClicks: variables.MAX_RUNNING_CLICKS,
    },
    logLevel: variables.LOG_LEVEL,
    shutdownGraceMs: variables.SHUTDOWN_GRACE_MS,
    otlpUrl: variables.OTEL_EXPORTER_OTLP_ENDPOINT,
    store: toStore(variables),
    consent: toConsent(variables),
  }
}

function toResolver(variables: Variables): ResolverChoice {
  const { RESOLVER: kind, LANDING_URL_TEMPLATE: template, RESOLVER_MODULE: file } = variables
  const { RESOLVER_URL: url, RESOLVER_SECRET: secret } = variables
  if (kind === 'template' && template !== undefined)
    return { kind, template, scopes: variables.LANDING_SCOPES, hasStore: variables.DATABASE_URL !== undefined }
  if (kind === 'module' && file !== undefined) return { kind, file }
  if (kind === 'forward' && url !== undefined && secret !== undefined) return { kind, url, secret }
  throw new Error('the schema accepted an incomplete resolver')
}

function toStore(variables: Variables): StoreConfig | undefined {
  const { DATABASE_URL: database, TOKEN_ENCRYPTION_KEY: keys, BACKUP_DIR: folder } = variables
  const { STATUS_WEBHOOK_URL: url, STATUS_WEBHOOK_SECRET: secret } = variables
  if (database === undefined) return undefined
  if (keys === undefined) throw new Error('the schema accepted a store without keys')
  return {
    database,
    keys,
    retentionMs: variables.RETENTION_DAYS * DAY_MS,
    retry: { firstMs: variables.RETRY_FIRST_MS, maxMs: variables.RETRY_MAX_MS, forMs: variables.RETRY_FOR_MS },
    deleteAfterStartMs: variables.DELETE_AFTER_START_MS,
    queueLimit: variables.QUEUE_LIMIT,
    concurrency: variables.OUTBOX_CONCURRENCY,
    webhook: url !== undefined && secret !== undefined ? { url, secret } : undefined,
    backup:
      folder === undefined
        ? undefined
        : { folder, everyMs: variables.BACKUP_EVERY_HOURS * HOUR_MS, keep: variables.BACKUP_KEEP },
  }
}

function toConsent(variables: Variables): ConsentConfig | undefined {
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
