import type { Logger } from '../base/log.ts'
import type { Store } from './store.ts'

/** Where the store is, as DATABASE_URL says. */
export type DatabaseAddress = { kind: 'sqlite'; file: string } | { kind: 'postgres'; url: string }

/**
 * Opens the store and brings its schema up to date.
 * @throws StoreSetupError in words for whoever starts the gateway
 */
export async function openStore(address: DatabaseAddress, log: Logger): Promise<Store> {
  // Loaded when it is needed: a driver costs a good part of the time to the first answer.
  if (address.kind === 'postgres') return (await import('./postgres.ts')).openPostgres(address.url, log)
  return (await import('./sqlite-store.ts')).openSqliteStore(address.file)
}
