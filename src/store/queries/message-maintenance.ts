import { sql } from 'kysely'
import { OPEN_IN_LINE, type Database } from './database.ts'
import type { Sealed, SealedRow } from '../store.ts'

/** How long a gateway is remembered that has not been heard of. */
const FORGET_GATEWAY_MS = 24 * 60 * 60 * 1000

/** Longer than any wait between two tries. */
const FORGET_NOTICE_MS = 24 * 60 * 60 * 1000

export async function wipe({ db, now }: Database, limit: number): Promise<number> {
  const due = db
    .selectFrom('message')
    .select('seq')
    .where(sql<boolean>`wipe_at is not null and wipe_at <= ${now}`)
    .limit(limit)
  const { numUpdatedRows } = await db
    .updateTable('message')
    .set({ body: null, body_key: null, wipe_at: null })
    .where('seq', 'in', due)
    .executeTakeFirst()
  return Number(numUpdatedRows)
}

export async function purge({ db, now }: Database, retentionMs: number, limit: number): Promise<number> {
  const old = db
    .selectFrom('message')
    .select('seq')
    .where(sql<boolean>`finished_at is not null and finished_at <= ${now} - cast(${retentionMs} as bigint)`)
    .limit(limit)
  const messages = await db.deleteFrom('message').where('seq', 'in', old).executeTakeFirst()
  const expired = db
    .selectFrom('idempotency')
    .select(['message_id'])
    .where(sql<boolean>`expires_at <= ${now}`)
    .limit(limit)
  const keys = await db.deleteFrom('idempotency').where('message_id', 'in', expired).executeTakeFirst()
  // Notices that nobody delivers any more, since the webhook was taken away; whoever delivers them ends them long before.
  const unwanted = db
    .selectFrom('message')
    .select('seq')
    .where(OPEN_IN_LINE)
    .where('wire', '=', 'webhook')
    .where('state', '=', 'queued')
    .where(sql<boolean>`give_up_at <= ${now} - ${sql.lit(FORGET_NOTICE_MS)}`)
    .limit(limit)
  const notices = await db.deleteFrom('message').where('seq', 'in', unwanted).executeTakeFirst()
  await db
    .deleteFrom('gateway')
    .where(sql<boolean>`lease_until <= ${now} - ${sql.lit(FORGET_GATEWAY_MS)}`)
    .execute()
  return Number(messages.numDeletedRows + keys.numDeletedRows + notices.numDeletedRows)
}

export async function sealedUnderOthers(
  { db }: Database,
  keyId: string,
  limit: number,
  except: readonly Pick<SealedRow, 'kind' | 'id'>[] = [],
): Promise<SealedRow[]> {
  const idsOf = (kind: SealedRow['kind']) => except.flatMap((row) => (row.kind === kind ? [row.id] : []))
  const [bodyIds, replyIds] = [idsOf('body'), idsOf('reply')]
  const bodies = await db
    .selectFrom('message')
    .select(['id', 'body as bytes', 'body_key as keyId'])
    .where(sql<boolean>`body_key is not null and (body_key < ${keyId} or body_key > ${keyId})`)
    .$if(bodyIds.length > 0, (query) => query.where('id', 'not in', bodyIds))
    .limit(limit)
    .execute()
  const replies = await db
    .selectFrom('idempotency')
    .select(['message_id as id', 'reply as bytes', 'reply_key as keyId'])
    .where(sql<boolean>`reply_key is not null and (reply_key < ${keyId} or reply_key > ${keyId})`)
    .$if(replyIds.length > 0, (query) => query.where('message_id', 'not in', replyIds))
    .limit(limit)
    .execute()
  return [...bodies.flatMap((row) => toSealed('body', row)), ...replies.flatMap((row) => toSealed('reply', row))]
}

type Found = { id: string; bytes: Uint8Array | null; keyId: string | null }

function toSealed(kind: SealedRow['kind'], { id, bytes, keyId }: Found): SealedRow[] {
  return bytes === null || keyId === null ? [] : [{ kind, id, sealed: { keyId, bytes } }]
}

export function reseal(database: Database, rows: readonly { was: SealedRow; now: Sealed }[]): Promise<number> {
  return database.write(async (trx) => {
    let replaced = 0
    for (const { was, now } of rows) {
      const { numUpdatedRows } = await (
        was.kind === 'body'
          ? trx
              .updateTable('message')
              .set({ body: now.bytes, body_key: now.keyId })
              .where('id', '=', was.id)
              .where('body_key', '=', was.sealed.keyId)
          : trx
              .updateTable('idempotency')
              .set({ reply: now.bytes, reply_key: now.keyId })
              .where('message_id', '=', was.id)
              .where('reply_key', '=', was.sealed.keyId)
      ).executeTakeFirst()
      replaced += Number(numUpdatedRows)
    }
    return replaced
  })
}

export async function backlog({
  db,
  now,
}: Database): Promise<{ caller: string; messages: number; oldestMs: number }[]> {
  return db
    .selectFrom('message')
    .select(({ fn }) => [
      'caller',
      fn.countAll<number>().as('messages'),
      sql<number>`${now} - min(created_at)`.as('oldestMs'),
    ])
    .where(OPEN_IN_LINE)
    .where('wire', '<>', 'webhook')
    .groupBy('caller')
    .execute()
}
