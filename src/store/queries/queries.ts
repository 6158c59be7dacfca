import { newId } from '../../base/id.ts'
import { accept, repeat } from './accept.ts'
import { begin, finish } from './attempts.ts'
import { adopt, claim, heartbeat, leave, release } from './claim.ts'
import { confirmClock, mendTimes, readClock } from './clock.ts'
import { countGrants, expire, grantsUnderOthers, resealGrants } from './consent-maintenance.ts'
import type { ClickStore, ConsentKeepingStore, ConsentStore, GrantStore } from '../consent-store.ts'
import { openConsent, takeConsent } from './consent-openings.ts'
import { addConsent, findClick, keepClick } from './consents.ts'
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
import { asStoreCall, asStoreRead } from '../guard.ts'
import { backlog, purge, reseal, sealedUnderOthers, wipe } from './message-maintenance.ts'
import { keysInUse } from './keys-in-use.ts'
import { bodyOf, cancel, find, list, retry } from './messages.ts'
import { pause, resetWait } from './rate-limit-hold.ts'
import { proveWrite } from './prove-write.ts'
import type { KeepingStore, MessageStore, OutboxStore } from '../store.ts'

/** What runs where the database is; the rest of a Store is about reaching it. */
export type Queries = OutboxStore &
  MessageStore &
  KeepingStore &
  ClickStore &
  ConsentStore &
  GrantStore &
  ConsentKeepingStore & { ping: () => Promise<void> }

export function createQueries(database: Database): Queries {
  const probe = newId('gw')
  return {
    accept: (messages) => asStoreCall(() => accept(database, messages)),
    repeat: (caller, idempotency) => asStoreRead(() => repeat(database, caller, idempotency)),
    claim: (owner, wire, limit, probeLeaseMs) => asStoreCall(() => claim(database, owner, wire, limit, probeLeaseMs)),
    begin: (owner, ids) => asStoreCall(() => begin(database, owner, ids)),
    finish: (owner, finished) => asStoreCall(() => finish(database, owner, finished)),
    release: (owner, ids) => asStoreCall(() => release(database, owner, ids)),
    pause: (limit) => asStoreCall(() => pause(database, limit)),
    resetPauseWait: () => asStoreCall(() => resetWait(database)),
    heartbeat: (owner) => asStoreCall(() => heartbeat(database, owner)),
    adopt: (owner, limit) => asStoreCall(() => adopt(database, owner, limit)),
    leave: (owner) => asStoreCall(() => leave(database, owner)),
    find: (caller, id) => asStoreRead(() => find(database, caller, id)),
    list: (caller, filter) => asStoreRead(() => list(database, caller, filter)),
    retry: (caller, id, tryForMs, names) => asStoreCall(() => retry(database, caller, id, tryForMs, names)),
    bodyOf: (caller, id) => asStoreRead(() => bodyOf(database, caller, id)),
    cancel: (caller, id, notices) => asStoreCall(() => cancel(database, caller, id, notices)),
    wipe: (limit) => asStoreCall(() => wipe(database, limit)),
    purge: (retentionMs, limit) => asStoreCall(() => purge(database, retentionMs, limit)),
    sealedUnderOthers: (keyId, limit, except) => asStoreCall(() => sealedUnderOthers(database, keyId, limit, except)),
    reseal: (rows) => asStoreCall(() => reseal(database, rows)),
    readClock: () => asStoreCall(() => readClock(database)),
    confirmClock: () => asStoreCall(() => confirmClock(database)),
    mendTimes: () => asStoreCall(() => mendTimes(database)),
    keysInUse: () => asStoreCall(() => keysInUse(database)),
    backlog: () => asStoreCall(() => backlog(database)),
    keepClick: (id, content, keepMs) => asStoreCall(() => keepClick(database, id, content, keepMs)),
    findClick: (id) => asStoreCall(() => findClick(database, id)),
    addConsent: (consent) => asStoreCall(() => addConsent(database, consent)),
    openConsent: (id, opening, walkMs) => asStoreCall(() => openConsent(database, id, opening, walkMs)),
    takeConsent: (state, browser) => asStoreCall(() => takeConsent(database, state, browser)),
    addGrant: (grant) => asStoreCall(() => addGrant(database, grant)),
    grantsNamed: (macs, limit) => asStoreCall(() => grantsNamed(database, macs, limit)),
    findGrant: (id) => asStoreCall(() => findGrant(database, id)),
    listGrants: (macs, page) => asStoreCall(() => listGrants(database, macs, page)),
    deleteGrant: (id) => asStoreCall(() => deleteGrant(database, id)),
    claimRefresh: (id, version, owner, leaseMs) =>
      asStoreCall(() => claimRefresh(database, id, version, owner, leaseMs)),
    commitRefresh: (refreshed) => asStoreCall(() => commitRefresh(database, refreshed)),
    endGrant: (id, version, owner) => asStoreCall(() => endGrant(database, id, version, owner)),
    restRefresh: (id, owner, restMs) => asStoreCall(() => restRefresh(database, id, owner, restMs)),
    endingGrants: (leftMs, limit, except) => asStoreCall(() => endingGrants(database, leftMs, limit, except)),
    expire: (limit) => asStoreCall(() => expire(database, limit)),
    grantsUnderOthers: (keyId, limit, except) => asStoreCall(() => grantsUnderOthers(database, keyId, limit, except)),
    resealGrants: (keyId, grants) => asStoreCall(() => resealGrants(database, keyId, grants)),
    countGrants: () => asStoreCall(() => countGrants(database)),
    ping: () => asStoreCall(() => proveWrite(database, probe)),
  }
}
