import { randomBytes } from 'node:crypto'

/** They open nothing but gateways of this run. */
export const KEYS = {
  identification: 'prove-identification-key',
  caller: 'prove-caller-key-0123456789',
  platform: 'prove-platform-key',
  token: 'prove-user-token',
}

const ENCRYPTION_KEY = randomBytes(32).toString('base64')
/** Above what any suite queues: these suites prove other things. */
const QUEUE_LIMIT = 1_000_000
/** How many attempts a gateway has in flight at most. */
export const OUTBOX_CONCURRENCY = 32

export type Environment = Record<string, string>

/** A complete environment; nothing of this process's own is handed on. */
export function environment(platformUrl: string, databaseUrl: string, more: Environment = {}): Environment {
  return {
    HOST: '127.0.0.1',
    PORT: '0',
    DIVAR_IDENTIFICATION_KEY: KEYS.identification,
    DIVAR_API_KEY: KEYS.platform,
    DIVAR_V1_API_URL: platformUrl,
    DIVAR_API_URL: platformUrl,
    INTERNAL_API_KEYS: `orders:${KEYS.caller}`,
    RESOLVER: 'template',
    LANDING_URL_TEMPLATE: 'https://app.example.com/start{?post_token}',
    DATABASE_URL: databaseUrl,
    TOKEN_ENCRYPTION_KEY: ENCRYPTION_KEY,
    QUEUE_LIMIT: String(QUEUE_LIMIT),
    OUTBOX_CONCURRENCY: String(OUTBOX_CONCURRENCY),
    ...more,
  }
}
