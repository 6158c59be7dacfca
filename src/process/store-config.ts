import * as z from 'zod'
import * as variable from './variables.ts'

/** What a gateway with a store is told. */
export type StoreConfig = {
  database: variable.DatabaseChoice
  /** Of 32 bytes each: the first encrypts, all decrypt. */
  keys: [Buffer, ...Buffer[]]
  retentionMs: number
  /** The first wait, the longest one, and how long a message is tried in all. */
  retry: { firstMs: number; maxMs: number; forMs: number }
  /** Queued messages of one caller. */
  /** Nothing is deleted by its age for so long after a start. */
  deleteAfterStartMs: number
  queueLimit: number
  /** Deliveries at once to one host of Divar's. */
  concurrency: number
  webhook?: { url: URL; secret: string } | undefined
  backup?: { folder: string; everyMs: number; keep: number } | undefined
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

export const storeSchema = z.object({
  DATABASE_URL: variable.database.optional(),
  TOKEN_ENCRYPTION_KEY: variable.encryptionKeys.optional(),
  RETENTION_DAYS: variable.integer(1, 365, 'whole days').default(7),
  STATUS_WEBHOOK_URL: variable.webAddress.optional(),
  STATUS_WEBHOOK_SECRET: variable.webhookSecret.optional(),
  RETRY_FIRST_MS: variable.milliseconds(1, HOUR_MS).default(1000),
  RETRY_MAX_MS: variable.milliseconds(1, DAY_MS).default(HOUR_MS),
  RETRY_FOR_MS: variable.milliseconds(1, 7 * DAY_MS).default(DAY_MS),
  DELETE_AFTER_START_MS: variable.milliseconds(0, HOUR_MS).default(600_000),
  QUEUE_LIMIT: variable.integer(1, 1_000_000, 'a number of messages').default(10_000),
  OUTBOX_CONCURRENCY: variable.integer(1, 128, 'a number of deliveries').default(32),
  BACKUP_DIR: variable.writableFolder.optional(),
  BACKUP_EVERY_HOURS: variable.integer(1, 168, 'whole hours').default(24),
  BACKUP_KEEP: variable.integer(1, 1000, 'a number of backups').default(7),
})
type StoreVariables = z.infer<typeof storeSchema>

/** A webhook is a promise, so its address without a store is a fault; these only say how a store would be used. */
const MOOT_WITHOUT_STORE = [
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
const MOOT_WITHOUT_BACKUP = ['BACKUP_EVERY_HOURS', 'BACKUP_KEEP']

/** The variables that would have no effect. */
export function mootStoreVariables(given: variable.Environment): string[] {
  const hasStore = given['DATABASE_URL'] !== undefined
  return [
    ...(hasStore ? [] : MOOT_WITHOUT_STORE),
    ...(hasStore && given['BACKUP_DIR'] !== undefined ? [] : MOOT_WITHOUT_BACKUP),
    ...(given['STATUS_WEBHOOK_URL'] === undefined ? ['STATUS_WEBHOOK_SECRET'] : []),
  ]
}

/** What the variables lack, or contradict, beyond each one's own form. */
export function storeFaults(given: variable.Environment): string[] {
  const hasStore = given['DATABASE_URL'] !== undefined
  return [
    ...(hasStore && given['TOKEN_ENCRYPTION_KEY'] === undefined
      ? ['TOKEN_ENCRYPTION_KEY: DATABASE_URL needs it; openssl rand -base64 32 makes one']
      : []),
    ...webhookFaults(given),
    ...(hasStore ? [...retryFaults(given), ...backupFaults(given)] : []),
  ]
}

function webhookFaults(given: variable.Environment): string[] {
  if (given['STATUS_WEBHOOK_URL'] === undefined) return []
  return [
    ...(given['DATABASE_URL'] === undefined ? ['STATUS_WEBHOOK_URL: needs DATABASE_URL'] : []),
    ...(given['STATUS_WEBHOOK_SECRET'] === undefined
      ? ['STATUS_WEBHOOK_SECRET: STATUS_WEBHOOK_URL needs it; echo "whsec_$(openssl rand -base64 32)" makes one']
      : []),
  ]
}

function retryFaults(given: variable.Environment): string[] {
  const { RETRY_FIRST_MS, RETRY_MAX_MS } = storeSchema.shape
  const firstMs = RETRY_FIRST_MS.safeParse(given['RETRY_FIRST_MS']).data
  const maxMs = RETRY_MAX_MS.safeParse(given['RETRY_MAX_MS']).data
  return firstMs !== undefined && maxMs !== undefined && maxMs < firstMs
    ? ['RETRY_MAX_MS: expected at least RETRY_FIRST_MS']
    : []
}

function backupFaults(given: variable.Environment): string[] {
  const { DATABASE_URL } = storeSchema.shape
  return given['BACKUP_DIR'] !== undefined && DATABASE_URL.safeParse(given['DATABASE_URL']).data?.kind === 'postgres'
    ? ['BACKUP_DIR: for SQLite only; unset it, and back PostgreSQL up with its own tools']
    : []
}

export function chooseStore(variables: StoreVariables): StoreConfig | undefined {
  const { DATABASE_URL: database, TOKEN_ENCRYPTION_KEY: keys, BACKUP_DIR: folder } = variables
  const { STATUS_WEBHOOK_URL: url, STATUS_WEBHOOK_SECRET: secret } = variables
  if (database === undefined) return undefined
  if (keys === undefined) throw new Error('storeFaults let a store without keys pass')
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

/** For the start-up line: of addresses, keys and folders only whether. */
export function describeStore(store: StoreConfig | undefined): Record<string, unknown> {
  if (store === undefined) return { store: 'no' }
  return {
    store: store.database.kind,
    encryption_keys: store.keys.length,
    retention_days: store.retentionMs / DAY_MS,
    status_webhook: store.webhook === undefined ? 'no' : 'yes',
    queue_limit: store.queueLimit,
    outbox_concurrency: store.concurrency,
    backup: store.backup === undefined ? 'no' : 'yes',
  }
}
