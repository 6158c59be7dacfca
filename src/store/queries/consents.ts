import { sql, type Kysely } from 'kysely'
import type { ConsentStore, OpenedConsent, EndedConsent } from '../consent-store.ts'
import { after, hasNotPassed, type Database } from './database.ts'
import type { Schema } from '../schema.ts'
import type { Sealed } from '../store.ts'

/** A link that is opened more often loses its oldest opening. */
const MAX_OPENINGS = 8

/** A column that is stored sealed, as it comes out of the database. */
export type SealedColumns = { content: Uint8Array; content_key: string }

export function sealedIn({ content, content_key: keyId }: SealedColumns): Sealed {
  return { keyId, bytes: content }
}

export async function saveClick({ db, now }: Database, id: string, content: Sealed, ttlMs: number): Promise<void> {
  const values = { content: content.bytes, content_key: content.keyId, expires_at: after(now, ttlMs) }
  await db
    .insertInto('click')
    .values({ id, ...values })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(values))
    .execute()
}

export async function findClick({ db, now }: Database, id: string): Promise<Sealed | undefined> {
  const row = await db
    .selectFrom('click')
    .select(['content', 'content_key'])
    .where('id', '=', id)
    .where(hasNotPassed({ now }, 'expires_at'))
    .executeTakeFirst()
  return row && sealedIn(row)
}

export async function addConsent(
  { db, now }: Database,
  { id, state, content, openMs, startedBy, maxOpen }: Parameters<ConsentStore['addConsent']>[0],
): Promise<boolean> {
  const until = after(now, openMs)
  const { numAffectedRows } = await sql`
    insert into consent (id, state, content, content_key, expires_at, begun_by, link_until)
    select ${id}, ${state}, ${content.bytes}, ${content.keyId}, ${until}, ${startedBy}, ${until}
    where (select count(*) from consent where begun_by = ${startedBy} and ${hasNotPassed({ now }, 'expires_at')}) < ${sql.lit(maxOpen)}`.execute(
    db,
  )
  return Number(numAffectedRows) === 1
}

/** The version before stored no `link_until`; its links open once. */
const isLinkOpen = ({ now }: Pick<Database, 'now'>) =>
  hasNotPassed({ now }, sql<number>`coalesce(link_until, case when browser is null then expires_at else 0 end)`)

export function openConsent(
  { now, write }: Database,
  id: string,
  { state, browser, content }: Parameters<ConsentStore['openConsent']>[1],
  flowMs: number,
): Promise<OpenedConsent | undefined> {
  const until = after(now, flowMs)
  return write(async (trx) => {
    // The update locks the row, so openings of one link take turns.
    const row = await trx
      .updateTable('consent')
      .set({
        link_until: sql<number>`coalesce(link_until, expires_at)`,
        expires_at: sql<number>`case when expires_at > ${until} then expires_at else ${until} end`,
      })
      .where('id', '=', id)
      .where(hasNotPassed({ now }, 'expires_at'))
      .where(isLinkOpen({ now }))
      .returning(['state', 'browser', 'content', 'content_key'])
      .executeTakeFirst()
    if (row === undefined) return undefined
    const isFirst = row.browser === null
    const last = await lastNumber(trx, id)
    const opening = { consent_id: id, expires_at: until }
    if (isFirst) {
      // The version before looks for the first opening here.
      await trx.updateTable('consent').set({ browser }).where('id', '=', id).execute()
      await trx
        .insertInto('consent_opening')
        .values({ ...opening, number: 1, state: row.state, browser, content: null, content_key: null })
        .execute()
    } else {
      const sealed = { content: content.bytes, content_key: content.keyId }
      const own = { ...opening, ...sealed, number: Math.max(last, 1) + 1, state, browser }
      // One that the version before has opened.
      const first = {
        ...opening,
        number: 1,
        state: row.state,
        browser: row.browser ?? '',
        content: null,
        content_key: null,
      }
      await trx
        .insertInto('consent_opening')
        .values(last === 0 ? [first, own] : [own])
        .execute()
      await dropOldest(trx, id)
    }
    return { content: sealedIn(row), isFirst }
  })
}

async function lastNumber(trx: Kysely<Schema>, id: string): Promise<number> {
  const row = await trx
    .selectFrom('consent_opening')
    .select('number')
    .where('consent_id', '=', id)
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row?.number ?? 0
}

async function dropOldest(trx: Kysely<Schema>, id: string): Promise<void> {
  const oldestKept = (await lastNumber(trx, id)) - MAX_OPENINGS + 1
  if (oldestKept <= 1) return
  await trx.deleteFrom('consent_opening').where('consent_id', '=', id).where('number', '<', oldestKept).execute()
  // No browser has an empty digest, so the version before does not find the first opening either.
  await trx.updateTable('consent').set({ browser: '' }).where('id', '=', id).execute()
}

export function endConsent({ now, write }: Database, state: string, browser: string): Promise<EndedConsent> {
  return write(async (trx) => {
    const opening = await trx
      .selectFrom('consent_opening')
      .select(['consent_id', 'browser', 'content', 'content_key'])
      .where('state', '=', state)
      .where(hasNotPassed({ now }, 'expires_at'))
      .executeTakeFirst()
    const found = opening ?? (await openedByVersionBefore(trx, now, state))
    if (found === undefined) return { kind: 'none' }
    const { consent_id: id, content, content_key: keyId } = found
    if (found.browser !== browser)
      return (await isLive(trx, now, id)) ? { kind: 'other_browser', id } : { kind: 'none' }
    const row = await trx
      .deleteFrom('consent')
      .where('id', '=', id)
      .where(hasNotPassed({ now }, 'expires_at'))
      .returning(['content', 'content_key'])
      .executeTakeFirst()
    if (row === undefined) return { kind: 'none' }
    return { kind: 'ended', id, content: sealedIn(row), opening: sealedOrNone(content, keyId) }
  })
}

function openedByVersionBefore(trx: Kysely<Schema>, now: Database['now'], state: string) {
  return trx
    .selectFrom('consent')
    .select(['id as consent_id', 'browser', sql<null>`null`.as('content'), sql<null>`null`.as('content_key')])
    .where('state', '=', state)
    .where('browser', 'is not', null)
    .where(hasNotPassed({ now }, 'expires_at'))
    .where(sql<boolean>`not exists (select 1 from consent_opening where consent_id = consent.id)`)
    .executeTakeFirst()
}

async function isLive(trx: Kysely<Schema>, now: Database['now'], id: string): Promise<boolean> {
  const row = await trx
    .selectFrom('consent')
    .select('id')
    .where('id', '=', id)
    .where(hasNotPassed({ now }, 'expires_at'))
    .executeTakeFirst()
  return row !== undefined
}

function sealedOrNone(content: Uint8Array | null, keyId: string | null) {
  return content === null || keyId === null ? undefined : { keyId, bytes: content }
}
