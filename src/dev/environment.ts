import type { Environment } from '../config/config.ts'

/** 32 bytes. Whatever this encrypts or signs is made up, and stays on this machine. */
const BYTES = Buffer.from('kenar-chat-gateway dev, no secret').subarray(0, 32).toString('base64')

/** Not secrets: they are valid for a gateway of `dev` only. The same each time, so that your own service can have them. */
export const DEV_KEYS = {
  identification: 'dev-identification-key',
  divarApi: 'dev-divar-api-key',
  /** Of the caller `app`, for `x-api-key`. */
  internal: 'dev-internal-key',
  /** The seller's access token. */
  userToken: 'dev-user-token',
  /** Presented to the service at `--forward`. */
  resolver: 'dev-resolver-secret',
  /** Signs what is passed on to `--events`. */
  events: `whsec_${BYTES}`,
}

export const DEV_APP = { slug: 'dev-app', clientSecret: 'dev-client-secret' }

/** What decides where clicks lead: a file, or a service. */
export type ResolverSource = { kind: 'file'; file: string } | { kind: 'forward'; url: string }

type DevAddresses = {
  host: string
  port: number
  internalPort: number
  gatewayUrl: string
  simulatorUrl: string
}

type Sources = {
  resolver: ResolverSource
  /** Where events are passed on to. */
  eventsUrl: string | undefined
  /** The file of the store. */
  store: string
}

/** The variables of a gateway that takes the simulator for Divar. */
export function environmentOf(
  { host, port, internalPort, gatewayUrl, simulatorUrl }: DevAddresses,
  { resolver, eventsUrl, store }: Sources,
): Environment {
  return {
    HOST: host,
    PORT: String(port),
    INTERNAL_PORT: String(internalPort),
    DIVAR_IDENTIFICATION_KEY: DEV_KEYS.identification,
    DIVAR_API_KEY: DEV_KEYS.divarApi,
    DIVAR_V1_API_URL: simulatorUrl,
    DIVAR_API_URL: simulatorUrl,
    INTERNAL_API_KEYS: `app:${DEV_KEYS.internal}`,
    CALLER_PERMISSIONS: 'app=send,consents,users,clicks,platform,operate',
    ...(resolver.kind === 'file'
      ? { RESOLVER: 'module', RESOLVER_MODULE: resolver.file }
      : { RESOLVER: 'forward', RESOLVER_URL: resolver.url, RESOLVER_SECRET: DEV_KEYS.resolver }),
    ...(eventsUrl !== undefined && { EVENTS_URL: eventsUrl, EVENTS_SECRET: DEV_KEYS.events }),
    PUBLIC_URL: gatewayUrl,
    DIVAR_OAUTH_URL: simulatorUrl,
    DIVAR_APP_SLUG: DEV_APP.slug,
    DIVAR_CLIENT_SECRET: DEV_APP.clientSecret,
    DATABASE_URL: `file:${store}`,
    TOKEN_ENCRYPTION_KEY: BYTES,
    SHUTDOWN_GRACE_MS: '1000',
  }
}
