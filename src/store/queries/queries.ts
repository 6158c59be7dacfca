import { newId } from '../../base/id.ts'
import { accept, repeat } from './accept.ts'
import { begin, finish } from './attempts.ts'
import { adopt, claim, heartbeat, leave, release } from './claim.ts'
import { addConsent, findClick, keepClick, openConsent, takeConsent } from './consents.ts'
import type { Database } from './database.ts'
import {
  addGrant,
  claimRefresh,
  commitRefresh,
  deleteGrant,
  endGrant,
  endingGrants,
  findGrant,
  grantsNamed,
  listGrants,
  restRefresh,
} from './grants.ts'
import { asStoreCall, asStoreRead } from '../call-timeout.ts'
import { keysInUse, grantsUnderOthers, reseal, resealGrants, sealedUnderOthers } from './key-rotation.ts'
import { backlog, confirmClock, countGrants, expire, mendTimes, purge, readClock, wipe } from './maintenance.ts'
import { createMethods, isRead, type MethodName, type QueriesOf } from '../methods.ts'
import { bodyOf, cancel, find, list, retry } from './messages.ts'
import { pause, resetPauseWait } from './rate-limit-hold.ts'
import type { StoreMethods } from '../store.ts'

const QUERIES: QueriesOf<StoreMethods, Database> = {
  accept,
  repeat,
  claim,
  begin,
  finish,
  release,
  pause,
  resetPauseWait,
  heartbeat,
  adopt,
  leave,
  find,
  list,
  retry,
  bodyOf,
  cancel,
  wipe,
  purge,
  sealedUnderOthers,
  reseal,
  readClock,
  confirmClock,
  mendTimes,
  keysInUse,
  backlog,
  keepClick,
  findClick,
  addConsent,
  openConsent,
  takeConsent,
  addGrant,
  grantsNamed,
  findGrant,
  listGrants,
  deleteGrant,
  claimRefresh,
  commitRefresh,
  endGrant,
  restRefresh,
  endingGrants,
  expire,
  grantsUnderOthers,
  resealGrants,
  countGrants,
  ping,
}

export const METHOD_NAMES: readonly MethodName[] = keysOf(QUERIES)

export function createQueries(database: Database): StoreMethods {
  return createMethods<StoreMethods>(METHOD_NAMES, (name, ...parameters) => {
    const run = isRead(name) ? asStoreRead : asStoreCall
    return run(() => QUERIES[name](database, ...parameters))
  })
}

function keysOf<Methods extends object>(methods: Methods): Extract<keyof Methods, string>[] {
  const keys: Extract<keyof Methods, string>[] = []
  for (const key in methods) keys.push(key)
  return keys
}

/** The row that `ping` writes. */
const PING_ID = newId('gw')

/**
 * Commits a row, which a database that is read-only, full or without its schema refuses. The row is an expired lease in the table of
 * gateways: it owns nothing, and maintenance deletes it.
 */
async function ping({ db }: Database): Promise<void> {
  await db
    .insertInto('gateway')
    .values({ id: PING_ID, lease_until: 0 })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ lease_until: 0 }))
    .execute()
}
