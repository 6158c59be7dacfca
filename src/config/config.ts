import { parseEnv } from 'node:util'
import { DEFAULT_PERMISSIONS, type CallerKey, type Permission } from '../access/authentication.ts'
import { pathBelow } from '../base/address.ts'
import { COMPLETION_URL } from '../click/click.ts'
import { fileVariable, readSecretFile, readSecretFiles, SECRETS, secretsInFiles } from './secret-files.ts'
import { explainEnvFile } from './mistake.ts'
import { environmentSchema, DAY_MS, HOUR_MS, misspelledVariables, unusedVariables, type Variables } from './schema.ts'
import { toEvents } from './events.ts'
import type { Environment } from './variables.ts'
import type { ResolverChoice } from '../resolver/resolver.ts'

export type { Environment }

/** The checked configuration. */
export type Config = ReturnType<typeof toConfig> & {
  /** Variables that are set and have no effect. */
  ignored: string[]
  /** Keys and secrets in quotes, or with invisible characters around them. */
  suspectKeys: string[]
  /** Variables that the gateway does not read, with the one that was probably meant. */
  misspelled: { name: string; meant: string }[]
}
export type StoreConfig = NonNullable<Config['store']>
export type ConsentConfig = NonNullable<Config['consent']>

/** The configuration is invalid: one line per error, without the value of any variable. */
export class ConfigError extends Error {
  readonly errors: readonly string[]

  constructor(errors: readonly string[]) {
    super(errors.join('\n'))
    this.name = 'ConfigError'
    this.errors = errors
  }
}

/** Texts of any form, which quotes would not make invalid. */
const FREE_TEXTS = [
  'DIVAR_IDENTIFICATION_KEY',
  'DIVAR_IDENTIFICATION_KEY_NEXT',
  'DIVAR_API_KEY',
  'DIVAR_APP_SLUG',
  'DIVAR_CLIENT_SECRET',
  'RESOLVER_SECRET',
]
/**
 * Begins or ends with a quote or an invisible character (direction mark, zero-width character, byte order mark). A key may hold any character, so
 * this is a warning, not an error.
 */
const WRAPPED = /^["'`“”‘’«»\p{Cf}]|["'`“”‘’«»\p{Cf}]$/u

/**
 * Reads the configuration. Values are trimmed, and an empty variable counts as absent. Secrets may be in files.
 * @throws ConfigError with all errors at once
 */
export function readConfig(environment: Environment = process.env): Config {
  const given = trimmed(environment)
  const inFiles = secretsInFiles(given)
  const unused = unusedVariables({ ...Object.fromEntries(inFiles.map((name) => [name, ''])), ...given })
  const isUsed = (name: string) => !unused.includes(name)
  const { values, faults } = readSecretFiles(inFiles.filter(isUsed), given)
  const used = { ...Object.fromEntries(Object.entries(given).filter(([name]) => isUsed(name))), ...values }
  const parsed = environmentSchema.safeParse(used)
  /** The variable that is set: the secret's own, or the one of its file. */
  const shown = (name: string) => (inFiles.includes(name) && !faults.has(name) ? fileVariable(name) : name)
  const misspelled = misspelledVariables(given)
  const errors = [
    ...faults.values(),
    ...(parsed.error?.issues ?? [])
      .filter(({ path: [name] }) => !faults.has(String(name)))
      .map(({ path: [name], message }) => {
        return `${shown(String(name))}: ${message}${explainEnvFile(used[String(name)] ?? '')}`
      }),
    ...placeholders(used).map((name) => `${shown(name)}: still holds the placeholder of .env.example`),
  ]
  if (errors.length > 0 || !parsed.success) {
    const hints = misspelled.map(({ name, meant }) => `${name}: no variable of the gateway; did you mean ${meant}?`)
    throw new ConfigError([...errors, ...hints])
  }
  return {
    ...toConfig(parsed.data),
    ignored: unused.flatMap((name) => [name, fileVariable(name)]).filter((name) => given[name] !== undefined),
    misspelled,
    suspectKeys: FREE_TEXTS.filter((name) => WRAPPED.test(used[name] ?? '')).map(shown),
  }
}

function trimmed(environment: Environment): Environment {
  const entries = Object.entries(environment).map(([name, value]) => [name, value?.trim()] as const)
  return Object.fromEntries(entries.filter(([, value]) => value))
}

/** A secret for a command, if only its file is named; undefined if its variable is set, or neither is. */
export function secretFromFile(name: string, given: Environment = process.env) {
  const path = given[fileVariable(name)]?.trim() ?? ''
  return SECRETS.includes(name) && path !== '' && !given[name]?.trim() ? readSecretFile(path) : undefined
}

/** Adds the variables of a `.env` file to the environment, whose own have precedence. */
export function addVariables(envFile: string): void {
  // An editor of Windows may begin the file with a mark, which would belong to the first name.
  const variables = parseEnv(envFile.replace(/^\uFEFF/, ''))
  for (const [name, value] of Object.entries(variables)) process.env[name] ??= value
}

/** Whether npm, or a program like it, runs this process: `npm run`, `npx`. */
export function isRunByNpm(environment: Environment = process.env): boolean {
  return environment['npm_config_user_agent'] !== undefined
}

/** `.env.example` is public, so its placeholders are not secret. */
function placeholders(given: Environment): string[] {
  return SECRETS.filter((name) => given[name]?.includes('change-me'))
}

function toConfig(variables: Variables) {
  const { DIVAR_IDENTIFICATION_KEY: key, DIVAR_IDENTIFICATION_KEY_NEXT: nextKey } = variables
  const identificationKeys: [string, ...string[]] = nextKey === undefined ? [key] : [key, nextKey]
  return {
    port: variables.PORT,
    host: variables.HOST,
    internalPort: variables.INTERNAL_PORT,
    identificationKeys,
    callerKeys: toCallerKeys(variables),
    /** Whether CALLER_PERMISSIONS is set. */
    hasCallerPermissions: variables.CALLER_PERMISSIONS !== undefined,
    divarApiKey: variables.DIVAR_API_KEY,
    divarV1ApiUrl: variables.DIVAR_V1_API_URL,
    divarApiUrl: variables.DIVAR_API_URL,
    divarTimeoutMs: variables.DIVAR_TIMEOUT_MS,
    /** Concurrent deliveries of the outbox to one of Divar's hosts. */
    outboxConcurrency: variables.OUTBOX_CONCURRENCY,
    resolver: toResolver(variables),
    resolverTimeoutMs: variables.RESOLVER_TIMEOUT_MS,
    /** The service that answers dynamic actions; undefined without ACTION_URL. */
    actionService: toActionService(variables),
    actionFallbackText: variables.ACTION_FALLBACK_TEXT,
    fallbackLandingUrl: variables.FALLBACK_LANDING_URL,
    landingAllowedOrigins: variables.LANDING_ALLOWED_ORIGINS,
    limits: {
      /** The number of proxies before the gateway, or their addresses. Undefined: no proxy is trusted. */
      trustProxy: variables.TRUST_PROXY,
      /** Wrong keys from one address; 0 means no limit. */
      wrongKeysPerMinute: variables.WRONG_KEYS_PER_MINUTE,
      /** Sends of one caller; 0 means no limit. */
      sendsPerMinute: variables.SENDS_PER_MINUTE,
      /** The addresses that Divar calls from. */
      divarSources: variables.DIVAR_SOURCE_RANGES,
      maxRunningClicks: variables.MAX_RUNNING_CLICKS,
    },
    logLevel: variables.LOG_LEVEL,
    shutdownGraceMs: variables.SHUTDOWN_GRACE_MS,
    /** The URL that spans are exported to; undefined without OTEL_EXPORTER_OTLP_ENDPOINT. */
    otlpUrl: variables.OTEL_EXPORTER_OTLP_ENDPOINT,
    /** Undefined without DATABASE_URL. */
    store: toStore(variables),
    /** Undefined without PUBLIC_URL. */
    consent: toConsent(variables),
  }
}

function toCallerKeys({ INTERNAL_API_KEYS: keys, CALLER_PERMISSIONS: permissions }: Variables): CallerKey[] {
  const permissionsOf = (name: string) =>
    permissions === undefined ? DEFAULT_PERMISSIONS : (permissions.get(name) ?? new Set<Permission>())
  return keys.map(({ name, key }) => ({ name, key, permissions: permissionsOf(name) }))
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

function toActionService({ ACTION_URL: url, RESOLVER_SECRET: secret }: Variables) {
  return url !== undefined && secret !== undefined ? { url, secret } : undefined
}

function toStore(variables: Variables) {
  const { DATABASE_URL: database, TOKEN_ENCRYPTION_KEY: keys, BACKUP_DIR: folder } = variables
  const { STATUS_WEBHOOK_URL: url, STATUS_WEBHOOK_SECRET: secrets } = variables
  if (database === undefined) return undefined
  if (keys === undefined) throw new Error('the schema accepted a store without keys')
  return {
    database: database.kind === 'postgres' ? { ...database, poolSize: variables.DATABASE_POOL_SIZE } : database,
    /** Keys of 32 bytes: the first encrypts, all decrypt. */
    keys,
    retentionMs: variables.RETENTION_DAYS * DAY_MS,
    timelineMs: variables.TIMELINE_DAYS * DAY_MS,
    /** The first delay, the longest delay, and how long a message is retried in total. */
    retry: { firstMs: variables.RETRY_FIRST_MS, maxMs: variables.RETRY_MAX_MS, forMs: variables.RETRY_FOR_MS },
    /** No row is deleted by its age for this long after a start. */
    deleteAfterStartMs: variables.DELETE_AFTER_START_MS,
    /** Queued messages of one caller, at most. */
    queueLimit: variables.QUEUE_LIMIT,
    /** The app's own limits at Divar; undefined without. */
    sendLimits: toSendLimits(variables),
    /** Where Divar's events are passed on; undefined without EVENTS_URL. */
    events: toEvents(variables),
    /** Each webhook is signed with every secret. */
    webhook: url !== undefined && secrets !== undefined ? { url, secrets } : undefined,
    backup:
      folder === undefined
        ? undefined
        : { folder, everyMs: variables.BACKUP_EVERY_HOURS * HOUR_MS, keep: variables.BACKUP_KEEP },
  }
}

function toSendLimits({ DIVAR_SENDS_PER_MINUTE: minute, DIVAR_SENDS_PER_DAY: day }: Variables) {
  const unlessZero = (limit: number) => (limit === 0 ? undefined : limit)
  return minute + day === 0 ? undefined : { perMinute: unlessZero(minute), perDay: unlessZero(day) }
}

function toConsent(variables: Variables) {
  const { PUBLIC_URL: publicUrl, DIVAR_APP_SLUG: appSlug, DIVAR_CLIENT_SECRET: clientSecret } = variables
  const { DIVAR_OAUTH_URL: oauthUrl } = variables
  if (publicUrl === undefined || appSlug === undefined || clientSecret === undefined) return undefined
  return {
    /** The URL at which users reach this gateway; without a slash at the end. */
    publicUrl: publicUrl.origin + pathBelow(publicUrl, ''),
    isSecure: publicUrl.protocol === 'https:',
    appSlug,
    clientSecret,
    oauthUrl,
    /** Where users end whose flow has no other address. Plain http means the simulator, which has a page of its own for that. */
    completionUrl: oauthUrl.protocol === 'http:' ? new URL('/completion', oauthUrl).href : COMPLETION_URL,
    scopeStyle: variables.DIVAR_SCOPE_STYLE,
  }
}
