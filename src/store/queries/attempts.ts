import { sql } from 'kysely'
import { KEEP_CONTENT_MS, type Finish, type Sealed } from '../store.ts'
import { insertMessages } from './accept.ts'
import { OPEN_IN_LINE, valuesTable, type Database, type Query } from './database.ts'
import { CONCERNS_HOLD, mayBegin, settleHold } from './rate-limit-hold.ts'
import { isNotExpired } from './timed.ts'

export const begin: Query<'begin'> = async (database, owner, ids) => {
  if (ids.length === 0) return []
  return database.write(async (trx) => {
    const begun = await trx.db
      .updateTable('message')
      .set({ attempts: sql<number>`attempts + 1` })
      .where('id', 'in', [...ids])
      .where('lease_owner', '=', owner)
      .where('state', '=', 'sending')
      .where(mayBegin(trx))
      .where(isNotExpired(trx))
      .returning(['id', 'attempts as number'])
      .execute()
    if (begun.length === 0) return begun
    const attempts = begun.map(({ id, number }) => ({ message_id: id, number, begun_at: trx.now }))
    await trx.db.insertInto('attempt').values(attempts).execute()
    return begun
  })
}

/**
 * Commits outcomes, and in the same transaction: makes the next message of each conversation due, updates the rate limit hold, saves the
 * reply of an idempotency key and Divar's answer, and queues status webhooks.
 */
export const finish: Query<'finish'> = (database, owner, finished) =>
  database.write(async (trx) => {
    const conversationsOf = (some: readonly Finish[]) =>
      some.flatMap(({ message }) => (message.inLine ? [message.conversation] : []))
    await trx.lockConversations(trx.db, conversationsOf(finished))
    const ended = await endMessages(trx, owner, finished)
    const ids = new Set(ended.map(({ id }) => id))
    const leased = finished.filter(({ message }) => ids.has(message.id))
    await endAttempts(trx, leased)
    await advanceConversations(trx, conversationsOf(leased.filter(({ next }) => next.state !== 'queued')))
    const concerned = new Set(ended.flatMap(({ id, concerns_hold }) => (concerns_hold ? [id] : [])))
    // A rate limit is the whole app's, so a 429 counts even if the lease has ended.
    await updateHold(
      trx,
      finished.filter(({ message, limit }) => limit !== undefined || concerned.has(message.id)),
    )
    for (const { message, idempotency, answer } of leased) {
      await settleKey(trx, message.id, idempotency)
      await keepAnswer(trx, message.id, answer)
    }
    await insertMessages(
      trx,
      leased.flatMap(({ notice }) => notice ?? []),
    )
    return [...ids]
  })

async function endMessages(
  { db, now }: Database,
  owner: string,
  finished: readonly Finish[],
): Promise<{ id: string; concerns_hold: boolean | number }[]> {
  if (finished.length === 0) return []
  const columns = { id: 'text', state: 'text', in_ms: 'bigint', unsure: 'bigint', number: 'bigint' } as const
  const rows = finished.map(({ message, attempt, next }) => [
    message.id,
    next.state,
    ...(next.state === 'queued' ? [next.inMs, Number(next.unsure)] : [null, Number(next.state === 'unknown')]),
    attempt?.number ?? null,
  ])
  // `finish` may be repeated after a lost answer, when the message is already at its next attempt.
  const isOpen = sql`(v.number is null or exists (
    select 1 from attempt where message_id = v.id and number = v.number and ended_at is null
  ))`
  const { rows: ended } = await sql<{ id: string; concerns_hold: boolean | number }>`
    with ${valuesTable(columns, rows)}
    update message set
      state = v.state,
      lease_owner = null,
      due_at = ${now} + v.in_ms,
      due_set_at = case when v.in_ms is not null then ${now} end,
      unsure = case when v.unsure = 1 then 1 else message.unsure end,
      finished_at = case when v.state <> 'queued' then ${now} end,
      body = case when v.state <> 'delivered' then body end,
      body_key = case when v.state <> 'delivered' then body_key end,
      wipe_at = case when v.state not in ('queued', 'delivered') then ${now} + ${sql.lit(KEEP_CONTENT_MS)} end
    from v
    where message.id = v.id and message.lease_owner = ${owner} and message.state = 'sending' and ${isOpen}
    returning message.id, ${CONCERNS_HOLD} as concerns_hold`.execute(db)
  return ended
}

async function updateHold(trx: Database, finished: readonly Finish[]): Promise<void> {
  if (finished.length === 0) return
  const ids = finished.map(({ message }) => message.id)
  const begun = await trx.db
    .selectFrom('attempt')
    .select(['message_id', 'number', 'begun_at'])
    .where('message_id', 'in', ids)
    .execute()
  const ended = finished.map(({ message: { id }, attempt, next, limit }) => {
    const begunAt = begun.find((one) => one.message_id === id && one.number === attempt?.number)?.begun_at
    return { id, begunAt, isDelivered: next.state === 'delivered', limit }
  })
  await settleHold(trx, ended)
}

async function endAttempts(trx: Database, leased: readonly Finish[]): Promise<void> {
  const notBegun = leased.flatMap(({ message, attempt }) => (attempt === undefined ? [message.id] : []))
  await closeNotBegun(trx, notBegun)
  const rows = leased.flatMap(({ message, attempt }) => {
    if (attempt === undefined) return []
    const { number, outcome, status = null, code = null, reason = null } = attempt
    return [[message.id, number, outcome, status, code, reason]]
  })
  if (rows.length === 0) return
  const ends = valuesTable(
    { id: 'text', number: 'bigint', outcome: 'text', status: 'bigint', code: 'text', reason: 'text' },
    rows,
  )
  await sql`
    with ${ends}
    update attempt set ended_at = ${trx.now}, outcome = v.outcome, status = v.status, code = v.code, reason = v.reason
    from v where attempt.message_id = v.id and attempt.number = v.number`.execute(trx.db)
}

/** Closes attempts whose begin was committed although its answer was lost: they were never made. */
async function closeNotBegun({ db, now }: Database, messageIds: string[]): Promise<void> {
  if (messageIds.length === 0) return
  await db
    .updateTable('attempt')
    .set({ ended_at: now, outcome: 'not_sent', reason: 'not begun' })
    .where('message_id', 'in', messageIds)
    .where('ended_at', 'is', null)
    .execute()
}

/** Makes the first remaining message of each conversation due. */
export async function advanceConversations({ db, now }: Database, conversations: readonly string[]): Promise<void> {
  if (conversations.length === 0) return
  const lines = valuesTable(
    { conversation: 'text' },
    [...new Set(conversations)].map((one) => [one]),
  )
  await sql`
    with ${lines}
    update message set due_at = ${now}, due_set_at = ${now}
    where state = 'queued' and due_at is null and seq in (
      select (
        select first.seq from message first
        where first.conversation = v.conversation and first.state in ('queued', 'sending') and first.in_line = 1
        order by first.seq limit 1
      ) from v
    )`.execute(db)
}

/** The first of a conversation's names under which a message is queued or being sent. */
export async function findBusyConversation({ db }: Database, names: readonly string[]): Promise<string | undefined> {
  for (const name of names) {
    const open = db.selectFrom('message').select('id').where('conversation', '=', name).where(OPEN_IN_LINE).limit(1)
    if ((await open.executeTakeFirst()) !== undefined) return name
  }
  return undefined
}

async function settleKey({ db }: Database, messageId: string, outcome: Finish['idempotency']): Promise<void> {
  if (outcome === undefined) return
  if (outcome === 'free') {
    await db.deleteFrom('idempotency').where('message_id', '=', messageId).execute()
    return
  }
  const { bytes, keyId } = outcome.reply
  const reply = { reply: bytes, reply_key: keyId }
  await db.updateTable('idempotency').set(reply).where('message_id', '=', messageId).execute()
}

async function keepAnswer({ db }: Database, messageId: string, answer: Sealed | undefined): Promise<void> {
  if (answer === undefined) return
  const kept = { answer: answer.bytes, answer_key: answer.keyId }
  await db.updateTable('message').set(kept).where('id', '=', messageId).execute()
}
