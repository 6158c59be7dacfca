import { newId } from '../../base/id.ts'
import { accept, findRepeat } from './accept.ts'
import { begin, finish } from './attempts.ts'
import { adopt, claim, heartbeat, leave, release } from './claim.ts'
import { addConsent, findClick, saveClick, openConsent, endConsent } from './consents.ts'
import type { Database } from './database.ts'
import {
  addGrant,
  claimRefresh,
  commitRefresh,
  deleteGrant,
  endGrant,
  findExpiringGrants,
  findGrant,
  findGrantsByName,
  listGrants,
  backOffRefresh,
} from './grants.ts'
import { runCall, runRead } from '../calls.ts'
import { keysInUse, findGrantsUnderOtherKeys, reseal, resealGrants, findRowsUnderOtherKeys } from './key-rotation.ts'
import {
  backlog,
  confirmClock,
  countGrants,
  expire,
  correctFutureTimes,
  purge,
  readClock,
  wipe,
} from './maintenance.ts'
import { createMethods, isRead, type MethodName, type QueriesOf } from '../calls.ts'
import { readBody, cancel, find, list, retry } from './messages.ts'
import { holdForRateLimit, resetRateLimitBackoff } from './rate-limit-hold.ts'
import type { StoreMethods } from '../store.ts'

const QUERIES: QueriesOf<StoreMethods, Database> = {
  accept,
  findRepeat,
  claim,
  begin,
  finish,
  release,
  holdForRateLimit,
  resetRateLimitBackoff,
  heartbeat,
  adopt,
  leave,
  find,
  list,
  retry,
  readBody,
  cancel,
  wipe,
  purge,
  findRowsUnderOtherKeys,
  reseal,
  readClock,
  confirmClock,
  correctFutureTimes,
  keysInUse,
  backlog,
  saveClick,
  findClick,
  addConsent,
  openConsent,
  endConsent,
  addGrant,
  findGrantsByName,
  findGrant,
  listGrants,
  deleteGrant,
  claimRefresh,
  commitRefresh,
  endGrant,
  backOffRefresh,
  findExpiringGrants,
  expire,
  findGrantsUnderOtherKeys,
  resealGrants,
  countGrants,
  ping,
}

export const METHOD_NAMES: readonly MethodName[] = keysOf(QUERIES)

export function createQueries(database: Database): StoreMethods {
  return createMethods<StoreMethods>(METHOD_NAMES, (name, ...parameters) => {
    const run = isRead(name) ? runRead : runCall
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
