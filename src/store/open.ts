import { setDefaultAutoSelectFamilyAttemptTimeout } from 'node:net'
import type { Logger } from '../observability/log.ts'
import type { Store, StoreEvents } from './store.ts'

/** Where the store is, as DATABASE_URL says. `poolSize`: connections to PostgreSQL, 10 by default. */
export type DatabaseAddress = { kind: 'sqlite'; file: string } | { kind: 'postgres'; url: string; poolSize?: number }

/**
 * How long each address but the last of PostgreSQL's name is waited for: half of what a connection gets. Node's default is 250 ms, less than a
 * handshake can take, and the driver has no option for it. Calls to others connect in their own way (outbound/connector.ts).
 */
const ADDRESS_TIMEOUT_MS = 1500

/**
 * Opens the store and brings its schema up to date.
 * @throws StoreSetupError with a message for the operator
 */
export async function openStore(
  address: DatabaseAddress,
  log: Logger,
  events: StoreEvents = { onFailed: () => undefined, onServed: () => undefined },
): Promise<Store> {
  // Loading a driver takes a good part of the start, so only the needed one is loaded.
  if (address.kind === 'postgres') {
    setDefaultAutoSelectFamilyAttemptTimeout(ADDRESS_TIMEOUT_MS)
    return (await import('./postgres/open.ts')).openPostgres(address, log, events)
  }
  return (await import('./sqlite/store.ts')).openSqliteStore(address.file, events)
}
