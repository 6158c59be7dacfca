import * as z from 'zod'
import type { LogLevel } from '../base/log.ts'
import type { ResolverChoice } from '../resolver/load.ts'
import {
  chooseConsent,
  consentFaults,
  consentSchema,
  describeConsent,
  mootConsentVariables,
  type ConsentConfig,
} from './consent-config.ts'
import { chooseLimits, describeLimits, limitsSchema, type LimitsConfig } from './limits-config.ts'
import { chooseResolver, mootResolverVariables, resolverFaults, resolverSchema } from './resolver-config.ts'
import {
  chooseStore,
  describeStore,
  mootStoreVariables,
  storeFaults,
  storeSchema,
  type StoreConfig,
} from './store-config.ts'
import * as variable from './variables.ts'
import type { Environment } from './variables.ts'

export type { Environment, StoreConfig }

/** Everything that the process is told from outside, checked. */
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
  /** Where spans go; without OTEL_EXPORTER_OTLP_ENDPOINT there are none. */
  otlpUrl?: URL | undefined
  /** Without DATABASE_URL there is none. */
  store?: StoreConfig | undefined
  /** Without PUBLIC_URL there is none. */
  consent?: ConsentConfig | undefined
  /** Variables that are set and have no effect. */
  ignored: string[]
}

/** A start that cannot be: one line for each fault, all of them, and no value of any variable. */
export class ConfigError extends Error {
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    super(faults.join('\n'))
    this.name = 'ConfigError'
    this.faults = faults
  }
}

/** Every variable that this version reads. `.env.example` shows each of them. */
export const environmentSchema = z.object({
  PORT: variable.port.default(3000),
  HOST: variable.host.default('0.0.0.0'),
  INTERNAL_PORT: variable.port.optional(),
  DIVAR_IDENTIFICATION_KEY: variable.identificationKey,
  DIVAR_IDENTIFICATION_KEY_NEXT: variable.identificationKey.optional(),
  DIVAR_API_KEY: variable.headerSecret,
  INTERNAL_API_KEYS: variable.callerKeys,
  ...resolverSchema.shape,
  RESOLVER_TIMEOUT_MS: variable.milliseconds(1, 30_000).default(1500),
  FALLBACK_LANDING_URL: variable.landing.optional(),
  LANDING_ALLOWED_ORIGINS: variable.origins.optional(),
  DIVAR_V1_API_URL: variable.baseAddress.default(new URL('https://api.divar.ir')),
  DIVAR_API_URL: variable.baseAddress.default(new URL('https://open-api.divar.ir')),
  DIVAR_TIMEOUT_MS: variable.milliseconds(1, 60_000).default(5000),
  ...limitsSchema.shape,
  LOG_LEVEL: variable.logLevel.default('info'),
  SHUTDOWN_GRACE_MS: variable.milliseconds(0, 600_000).default(8000),
  OTEL_EXPORTER_OTLP_ENDPOINT: variable.baseAddress.optional(),
  ...storeSchema.shape,
  ...consentSchema.shape,
})
type Variables = z.infer<typeof environmentSchema>

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
 * Reads the configuration; blanks around a value do not count, and an empty variable is an absent one.
 * @throws ConfigError naming every fault at once
 */
export function readConfig(environment: Environment = process.env): Config {
  const given = trimmed(environment)
  const ignored = ignoredOf(given)
  const read = omit(given, ignored)
  const parsed = environmentSchema.safeParse(read)
  const faults = [
    ...(parsed.error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`),
    ...resolverFaults(given),
    ...storeFaults(read),
    ...consentFaults(read),
    ...placeholderFaults(read),
    ...portFaults(given),
  ]
  if (faults.length > 0 || !parsed.success) throw new ConfigError(faults)
  return toConfig(parsed.data, ignored)
}

function trimmed(environment: Environment): Environment {
  const entries = Object.entries(environment).map(([name, value]) => [name, value?.trim()] as const)
  return Object.fromEntries(entries.filter(([, value]) => value))
}

function omit(given: Environment, names: readonly string[]): Environment {
  return Object.fromEntries(Object.entries(given).filter(([name]) => !names.includes(name)))
}

/** `.env.example` is public: whoever deploys it as it stands has no secrets. */
function placeholderFaults(given: Environment): string[] {
  return SECRETS.filter((name) => given[name]?.includes('change-me')).map(
    (name) => `${name}: still holds the placeholder of .env.example`,
  )
}

function portFaults(given: Environment): string[] {
  const { PORT, INTERNAL_PORT } = environmentSchema.shape
  const port = PORT.safeParse(given['PORT']).data
  const internalPort = INTERNAL_PORT.safeParse(given['INTERNAL_PORT']).data
  return internalPort !== undefined && port !== 0 && port === internalPort
    ? ['INTERNAL_PORT: expected another port than PORT, or nothing to share it']
    : []
}

function toConfig(variables: Variables, ignored: string[]): Config {
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
    resolver: chooseResolver(variables),
    resolverTimeoutMs: variables.RESOLVER_TIMEOUT_MS,
    fallbackLandingUrl: variables.FALLBACK_LANDING_URL,
    landingAllowedOrigins: variables.LANDING_ALLOWED_ORIGINS,
    limits: chooseLimits(variables),
    logLevel: variables.LOG_LEVEL,
    shutdownGraceMs: variables.SHUTDOWN_GRACE_MS,
    otlpUrl: variables.OTEL_EXPORTER_OTLP_ENDPOINT,
    store: chooseStore(variables),
    consent: chooseConsent(variables),
    ignored,
  }
}

/** Proxies are not used (docs/decisions/0017-going-out.md); a host that sets these for all its programs expects otherwise. */
const PROXY_VARIABLES = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy']

/** Variables of another resolver, once one is chosen, of a store or a consent that is not there, and of proxies. */
function ignoredOf(given: Environment): string[] {
  const moot = [...mootResolverVariables(given), ...mootStoreVariables(given), ...mootConsentVariables(given)]
  return [...moot, ...PROXY_VARIABLES].filter((name) => name in given)
}

/** What a start-up line says: what is configured, and of secrets only whether. */
export function describeConfig(config: Config): Record<string, unknown> {
  return {
    port: config.port,
    internal_port: config.internalPort ?? 'shared',
    resolver: config.resolver.kind,
    ...(config.resolver.kind === 'forward' && { resolver_secret: 'yes' }),
    resolver_timeout_ms: config.resolverTimeoutMs,
    fallback_landing: config.fallbackLandingUrl === undefined ? 'no' : 'yes',
    landing_allowed_origins: config.landingAllowedOrigins ? [...config.landingAllowedOrigins] : 'any',
    divar_v1_api: config.divarV1ApiUrl.origin,
    divar_api: config.divarApiUrl.origin,
    divar_timeout_ms: config.divarTimeoutMs,
    divar_identification_key: 'yes',
    divar_identification_key_next: config.identificationKeys.length > 1 ? 'yes' : 'no',
    divar_api_key: 'yes',
    callers: config.callerKeys.map(({ name }) => name),
    ...describeStore(config.store),
    ...describeConsent(config.consent),
    ...describeLimits(config.limits),
    tracing: config.otlpUrl?.origin ?? 'no',
    log_level: config.logLevel,
  }
}
