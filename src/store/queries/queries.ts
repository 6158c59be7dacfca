import { newId } from '../../base/id.ts'
import { createMethods, runCall, type MethodName } from '../calls.ts'
import type { StoreMethods } from '../store.ts'
import * as accept from './accept.ts'
import * as attention from './attention.ts'
import * as attempts from './attempts.ts'
import * as bulk from './bulk.ts'
import * as claim from './claim.ts'
import * as consents from './consents.ts'
import type { Database, Query } from './database.ts'
import * as erasure from './erasure.ts'
import * as grants from './grants.ts'
import * as keyRotation from './key-rotation.ts'
import * as maintenance from './maintenance.ts'
import * as messageList from './message-list.ts'
import * as messages from './messages.ts'
import { countSends } from './pacing.ts'
import * as rateLimitHold from './rate-limit-hold.ts'
import * as subscriptionQueue from './subscription-queue.ts'
import * as subscriptions from './subscriptions.ts'
import { endExpired, findDueTimes, queueTimed } from './timed.ts'
import * as timeline from './timeline.ts'

/** The row that `ping` writes. */
const PING_ID = newId('gw')

/**
 * Commits a row, which a database that is read-only, full or without its schema refuses. The row is an expired lease in the table of
 * gateways: it owns nothing, and maintenance deletes it.
 */
const ping: Query<'ping'> = async ({ db }) => {
  await db
    .insertInto('gateway')
    .values({ id: PING_ID, lease_until: 0 })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ lease_until: 0 }))
    .execute()
}

const QUERIES: { [Name in MethodName]: Query<Name> } = {
  ...accept,
  ...attention,
  ...attempts,
  ...bulk,
  ...claim,
  ...consents,
  ...erasure,
  ...grants,
  ...keyRotation,
  ...maintenance,
  ...messageList,
  ...messages,
  ...rateLimitHold,
  ...subscriptionQueue,
  ...subscriptions,
  countSends,
  findDueTimes,
  queueTimed,
  endExpired,
  ...timeline,
  ping,
}

export function createQueries(database: Database): StoreMethods {
  return createMethods((name, ...parameters) => runCall(name, () => QUERIES[name](database, ...parameters)))
}
