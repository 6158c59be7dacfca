import type { Logger } from '../base/log.ts'
import { openPostgres } from './postgres.ts'
import { openSqliteStore } from './sqlite-store.ts'
import type { Store } from './store.ts'

/** Where the store is, as DATABASE_URL says. */
export type DatabaseAddress = { kind: 'sqlite'; file: string } | { kind: 'postgres'; url: string }

/**
 * Opens the store and brings its schema up to date.
 * @throws StoreSetupError in words for whoever starts the gateway
 */
export function openStore(address: DatabaseAddress, log: Logger): Promise<Store> {
  return address.kind === 'sqlite' ? openSqliteStore(address.file) : openPostgres(address.url, log)
}
