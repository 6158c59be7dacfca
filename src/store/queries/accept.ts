import { sql } from 'kysely'
import type { Accepted, IdempotencyClaim, NewMessage } from '../store.ts'
import {
  after,
  hasPassed,
  hasNotPassed,
  OPEN_IN_LINE,
  sealedIn,
  valuesTable,
  type Database,
  type Query,
} from './database.ts'

type Keyed = NewMessage & { idempotency: IdempotencyClaim }

/** A message whose key was used before is not stored; it is answered with what is known of the first use. */
export const accept: Query<'accept'> = (database, messages) =>
  database.write(async (trx) => {
    const repeats = await claimKeys(trx, messages.filter(isKeyed))
    const fresh = messages.filter((message) => !repeats.some(({ id }) => id === message.id))
    await insertMessages(trx, fresh)
    const answers = new Map<string, Accepted>()
    for (const { id, caller, idempotency } of repeats) {
      // The key may have been freed, or have expired, between the two statements.
      answers.set(id, (await findRepeat(trx, caller, idempotency)) ?? { kind: 'running' })
    }
    return messages.map(({ id }) => answers.get(id) ?? { kind: 'accepted' })
  })

/** Also stores the status webhooks of finished messages, in the same transaction. */
export async function insertMessages(trx: Database, messages: readonly NewMessage[]): Promise<void> {
  if (messages.length === 0) return
  const queued = messages.filter(({ leasedTo }) => leasedTo === undefined)
  const lines = queued.flatMap(({ conversations }) => conversations)
  await trx.lockConversations(trx.db, lines)
  const { now, busy } = await readBusyConversations(trx, lines)
  const rows = messages.map((message) => {
    const { id, caller, wire, requestId, body, leasedTo, conversations, atLeastOnce, tryForMs } = message
    const { notBefore = 0, expiresAt = null } = message
    // The name under an older key, if messages of this conversation are waiting under that name.
    const conversation = conversations.find((one) => busy.has(one)) ?? conversations[0]
    const inLine = leasedTo === undefined
    const isTimed = inLine && notBefore > now
    const dueAt = inLine && !busy.has(conversation) ? now : null
    if (inLine && !isTimed) busy.add(conversation)
    return {
      id,
      caller,
      wire,
      conversation,
      in_line: Number(inLine),
      state: isTimed ? ('timed' as const) : inLine ? ('queued' as const) : ('sending' as const),
      at_least_once: Number(atLeastOnce),
      body: body.bytes,
      body_key: body.keyId,
      due_at: isTimed ? notBefore : dueAt,
      due_set_at: isTimed ? now : dueAt,
      give_up_at: Math.max(now, notBefore) + tryForMs,
      lease_owner: leasedTo ?? null,
      request_id: requestId,
      created_at: now,
      not_before: isTimed ? notBefore : null,
      not_after: expiresAt,
    }
  })
  await trx.db.insertInto('message').values(rows).execute()
}

/** The conversations among these that have queued or sending messages; and the time, as a number for the rows to insert. */
async function readBusyConversations(
  { db, now }: Database,
  conversations: readonly string[],
): Promise<{ now: number; busy: Set<string> }> {
  const lines = [...new Set(conversations)].map((one) => [one])
  // The limit makes PostgreSQL look for one row of each conversation; without it, it would read all open messages. The last row has the time, even when no conversation is busy.
  const { rows } = await sql<{ now: number; conversation: string | null }>`
    with ${valuesTable({ conversation: 'text' }, lines.length > 0 ? lines : [[null]])}
    select ${now} as now, conversation from v
    where (select 1 from message where message.conversation = v.conversation and ${OPEN_IN_LINE} limit 1) is not null
    union all select ${now}, null`.execute(db)
  return {
    now: Math.max(...rows.map((row) => row.now)),
    busy: new Set(rows.flatMap(({ conversation }) => conversation ?? [])),
  }
}

function isKeyed(message: NewMessage): message is Keyed {
  return message.idempotency !== undefined
}

/** Claims the free keys, each under all of its names; returns the messages whose key was used before. */
async function claimKeys(trx: Database, keyed: readonly Keyed[]): Promise<Keyed[]> {
  if (keyed.length === 0) return []
  const claims = keyed.flatMap((message) => namesOf(message).map((key) => ({ message, key })))
  const keys = valuesTable(
    { caller: 'text', key: 'text' },
    claims.map(({ message, key }) => [message.caller, key]),
  )
  await sql`with ${keys}
    delete from idempotency where (caller, key) in (select caller, key from v) and ${hasPassed(trx, 'expires_at')}`.execute(
    trx.db,
  )
  const rows = await trx.db
    .insertInto('idempotency')
    .values(
      claims.toSorted(byName).map(({ key, message: { id, caller, idempotency } }) => ({
        caller,
        key,
        fingerprint: idempotency.fingerprints[0],
        message_id: id,
        reply: idempotency.reply?.bytes ?? null,
        reply_key: idempotency.reply?.keyId ?? null,
        expires_at: after(trx.now, idempotency.ttlMs),
      })),
    )
    .onConflict((conflict) => conflict.columns(['caller', 'key']).doNothing())
    .returning('message_id')
    .execute()
  const taken = Map.groupBy(rows, (row) => row.message_id)
  const takenBy = ({ id }: Keyed) => taken.get(id)?.length ?? 0
  const repeats = keyed.filter((message) => takenBy(message) < namesOf(message).length)
  // The first use had not all of these names: its gateway had other encryption keys.
  const partly = repeats.filter((message) => takenBy(message) > 0).map(({ id }) => id)
  if (partly.length > 0) await trx.db.deleteFrom('idempotency').where('message_id', 'in', partly).execute()
  return repeats
}

/** A fixed order prevents deadlocks between calls that share keys, and lets only one of them have all names of a key. */
function byName(one: Claim, other: Claim): number {
  const [first, second] = [one, other].map(({ message, key }) => `${message.caller} ${key}`)
  return first === second ? 0 : (first ?? '') < (second ?? '') ? -1 : 1
}

type Claim = { message: Keyed; key: string }

function namesOf({ idempotency: { key, otherNames = [] } }: Keyed): string[] {
  return [key, ...otherNames]
}

export const findRepeat: Query<'findRepeat'> = async (database, caller, { key, otherNames = [], fingerprints }) => {
  const first = await database.db
    .selectFrom('idempotency')
    .leftJoin('message', 'message.id', 'idempotency.message_id')
    .select(['fingerprint', 'message_id', 'reply', 'reply_key', 'message.state'])
    .where('idempotency.caller', '=', caller)
    .where('key', 'in', [key, ...otherNames])
    .where(hasNotPassed(database, 'expires_at'))
    .executeTakeFirst()
  if (first === undefined) return undefined
  if (!fingerprints.includes(first.fingerprint)) return { kind: 'mismatch' }
  const messageId = first.message_id
  const reply = sealedIn(first.reply, first.reply_key)
  if (reply !== undefined) return { kind: 'replay', messageId, reply }
  return first.state === 'sending' ? { kind: 'running' } : { kind: 'lost', messageId }
}
