import { sql, type Kysely } from 'kysely'
import { hasPassed, hasNotPassed, OPEN_IN_LINE, valuesTable, type Database } from './database.ts'
import type { Schema } from '../schema.ts'
import type { Accepted, IdempotencyClaim, NewMessage, Repeated } from '../store.ts'

type Keyed = NewMessage & { idempotency: IdempotencyClaim }

/** Stores messages in one commit. A key that was used before stores nothing: what is known of its first use is answered. */
export function accept(database: Database, messages: readonly NewMessage[]): Promise<Accepted[]> {
  return database.write(async (trx) => {
    const repeats = await claimKeys(database, trx, messages.filter(isKeyed))
    const fresh = messages.filter((message) => !repeats.some(({ id }) => id === message.id))
    await insertMessages(database, trx, fresh)
    const answers = new Map<string, Accepted>()
    for (const { id, caller, idempotency } of repeats) {
      // What is gone between the two statements was freed or has expired just now.
      answers.set(id, (await findRepeat(database, caller, idempotency, trx)) ?? { kind: 'running' })
    }
    return messages.map(({ id }) => answers.get(id) ?? { kind: 'accepted' })
  })
}

/** Also stores status webhooks, in the commit of their outcome. */
export async function insertMessages(
  database: Database,
  trx: Kysely<Schema>,
  messages: readonly NewMessage[],
): Promise<void> {
  if (messages.length === 0) return
  const queued = messages.filter(({ leasedTo }) => leasedTo === undefined)
  await database.lockConversations(
    trx,
    queued.flatMap(({ conversations }) => conversations),
  )
  const { now, busy } = await readBusyConversations(database, trx, queued)
  await trx
    .insertInto('message')
    .values(
      messages.map(({ id, caller, wire, requestId, body, leasedTo, conversations, atLeastOnce, tryForMs }) => {
        // Under a former key, when the line was begun under that one.
        const conversation = conversations.find((one) => busy.has(one)) ?? conversations[0]
        const isFirst = !busy.has(conversation)
        const inLine = leasedTo === undefined
        if (inLine) busy.add(conversation)
        return {
          id,
          caller,
          wire,
          conversation,
          in_line: Number(inLine),
          state: inLine ? ('queued' as const) : ('sending' as const),
          at_least_once: Number(atLeastOnce),
          body: body.bytes,
          body_key: body.keyId,
          due_at: inLine && isFirst ? now : null,
          due_set_at: inLine && isFirst ? now : null,
          give_up_at: now + tryForMs,
          lease_owner: leasedTo ?? null,
          request_id: requestId,
          created_at: now,
        }
      }),
    )
    .execute()
}

/** The conversations among these in which something is still to come, and the time: as a number it spares each row an expression. */
async function readBusyConversations(
  { now }: Database,
  trx: Kysely<Schema>,
  queued: readonly NewMessage[],
): Promise<{ now: number; busy: Set<string> }> {
  const lines = [...new Set(queued.flatMap(({ conversations }) => conversations))].map((one) => [one])
  // Of each line one row is looked at, however long it is: without the limit PostgreSQL would rather read all lines. The row without a conversation brings the time where none is busy.
  const { rows } = await sql<{ now: number; conversation: string | null }>`
    with ${valuesTable({ conversation: 'text' }, lines.length > 0 ? lines : [[null]])}
    select ${now} as now, conversation from v
    where (select 1 from message where message.conversation = v.conversation and ${OPEN_IN_LINE} limit 1) is not null
    union all select ${now}, null`.execute(trx)
  return {
    now: Math.max(...rows.map((row) => row.now)),
    busy: new Set(rows.flatMap(({ conversation }) => conversation ?? [])),
  }
}

function isKeyed(message: NewMessage): message is Keyed {
  return message.idempotency !== undefined
}

/** Claims the free keys; returns the messages whose key was used before. */
async function claimKeys(database: Database, trx: Kysely<Schema>, keyed: readonly Keyed[]): Promise<Keyed[]> {
  if (keyed.length === 0) return []
  const keys = keyed.map(({ caller, idempotency }) => [caller, idempotency.key])
  await sql`with ${valuesTable({ caller: 'text', key: 'text' }, keys)}
    delete from idempotency where (caller, key) in (select caller, key from v) and ${hasPassed(database, 'expires_at')}`.execute(
    trx,
  )
  const taken = await trx
    .insertInto('idempotency')
    .values(
      keyed.toSorted(byKey).map(({ id, caller, idempotency: { key, fingerprints, ttlMs, reply } }) => ({
        caller,
        key,
        fingerprint: fingerprints[0],
        message_id: id,
        reply: reply?.bytes ?? null,
        reply_key: reply?.keyId ?? null,
        expires_at: sql<number>`${database.now} + cast(${ttlMs} as bigint)`,
      })),
    )
    .onConflict((conflict) => conflict.columns(['caller', 'key']).doNothing())
    .returning('message_id')
    .execute()
  const ids = new Set(taken.map(({ message_id }) => message_id))
  return keyed.filter(({ id }) => !ids.has(id))
}

/** A fixed order prevents deadlocks between calls that share keys. */
function byKey(one: Keyed, other: Keyed): number {
  const [first, second] = [nameOf(one), nameOf(other)]
  return first < second ? -1 : Number(first > second)
}

function nameOf({ caller, idempotency }: Keyed): string {
  return `${caller} ${idempotency.key}`
}

/** What is known of the first use of a key that has not expired. */
export async function findRepeat(
  database: Database,
  caller: string,
  { key, fingerprints }: IdempotencyClaim,
  trx: Kysely<Schema> = database.db,
): Promise<Repeated | undefined> {
  const first = await trx
    .selectFrom('idempotency')
    .leftJoin('message', 'message.id', 'idempotency.message_id')
    .select(['fingerprint', 'message_id', 'reply', 'reply_key', 'message.state'])
    .where('idempotency.caller', '=', caller)
    .where('key', '=', key)
    .where(hasNotPassed(database, 'expires_at'))
    .executeTakeFirst()
  if (first === undefined) return undefined
  if (!fingerprints.includes(first.fingerprint)) return { kind: 'mismatch' }
  if (first.reply !== null && first.reply_key !== null) {
    return { kind: 'replay', messageId: first.message_id, reply: { keyId: first.reply_key, bytes: first.reply } }
  }
  return first.state === 'sending' ? { kind: 'running' } : { kind: 'lost', messageId: first.message_id }
}
