import type { Config, StoreConfig, ConsentConfig } from './config.ts'
import { describeEvents } from './events.ts'
import { DAY_MS } from './schema.ts'

/** The fields of the first log line. Secrets, keys, addresses and folders appear only as set or not set. */
export function describeConfig(config: Config): Record<string, unknown> {
  return {
    port: config.port,
    internal_port: config.internalPort ?? 'shared',
    resolver: config.resolver.kind,
    ...((config.resolver.kind === 'forward' || config.actionService) && { resolver_secret: 'yes' }),
    resolver_timeout_ms: config.resolverTimeoutMs,
    action_url: config.actionService === undefined ? 'no' : 'yes',
    action_fallback_text: config.actionFallbackText === undefined ? 'no' : 'yes',
    fallback_landing: config.fallbackLandingUrl === undefined ? 'no' : 'yes',
    landing_allowed_origins: config.landingAllowedOrigins ? [...config.landingAllowedOrigins] : 'any',
    divar_v1_api: config.divarV1ApiUrl.origin,
    divar_api: config.divarApiUrl.origin,
    divar_timeout_ms: config.divarTimeoutMs,
    divar_identification_key: 'yes',
    divar_identification_key_next: config.identificationKeys.length > 1 ? 'yes' : 'no',
    divar_api_key: 'yes',
    callers: [...new Set(config.callerKeys.map(({ name }) => name))],
    caller_permissions: config.hasCallerPermissions ? 'listed' : 'default',
    ...describeStore(config.store, config.outboxConcurrency),
    ...describeConsent(config.consent),
    ...describeLimits(config.limits),
    tracing: config.otlpUrl?.origin ?? 'no',
    log_level: config.logLevel,
  }
}

function describeStore(store: StoreConfig | undefined, outboxConcurrency: number): Record<string, unknown> {
  if (store === undefined) return { store: 'no' }
  return {
    store: store.database.kind,
    ...(store.database.kind === 'postgres' && { database_pool_size: store.database.poolSize }),
    encryption_keys: store.keys.length,
    retention_days: store.retentionMs / DAY_MS,
    timeline_days: store.timelineMs / DAY_MS,
    status_webhook: store.webhook === undefined ? 'no' : 'yes',
    ...(store.webhook && { status_webhook_secrets: store.webhook.secrets.length }),
    ...describeEvents(store.events),
    queue_limit: store.queueLimit,
    outbox_concurrency: outboxConcurrency,
    divar_sends_per_minute: store.sendLimits?.perMinute ?? 'unlimited',
    divar_sends_per_day: store.sendLimits?.perDay ?? 'unlimited',
    backup: store.backup === undefined ? 'no' : 'yes',
  }
}

function describeConsent(consent: ConsentConfig | undefined): Record<string, unknown> {
  if (consent === undefined) return { consent: 'no' }
  return {
    consent: 'yes',
    public_url: consent.publicUrl,
    divar_oauth: consent.oauthUrl.origin,
    divar_scope_style: consent.scopeStyle,
    divar_client_secret: 'yes',
  }
}

function describeLimits(limits: Config['limits']): Record<string, unknown> {
  const { trustProxy = 'none' } = limits
  const unlessZero = (limit: number) => (limit === 0 ? 'unlimited' : limit)
  return {
    trust_proxy: typeof trustProxy === 'object' ? 'listed' : trustProxy,
    wrong_keys_per_minute: unlessZero(limits.wrongKeysPerMinute),
    sends_per_minute: unlessZero(limits.sendsPerMinute),
    divar_source_ranges: limits.divarSources === undefined ? 'any' : 'listed',
    max_running_clicks: limits.maxRunningClicks,
  }
}
