import { sql } from 'kysely'
import { after, hasNotPassed, sealedIn, type Database, type Query } from './database.ts'

/** Openings of one link; beyond this the oldest is deleted. */
const MAX_OPENINGS = 8

export const saveClick: Query<'saveClick'> = async ({ db, now }, id, content, ttlMs) => {
  const values = { content: content.bytes, content_key: content.keyId, expires_at: after(now, ttlMs) }
  await db
    .insertInto('click')
    .values({ id, ...values })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(values))
    .execute()
}

export const findClick: Query<'findClick'> = async (database, id) => {
  const row = await database.db
    .selectFrom('click')
    .select(['content', 'content_key'])
    .where('id', '=', id)
    .where(hasNotPassed(database, 'expires_at'))
    .executeTakeFirst()
  return row && sealedIn(row.content, row.content_key)
}

export const addConsent: Query<'addConsent'> = async (database, consent) => {
  const { id, state, content, openMs, startedBy, maxOpen } = consent
  const until = after(database.now, openMs)
  const { numAffectedRows } = await sql`
    insert into consent (id, state, content, content_key, expires_at, begun_by, link_until)
    select ${id}, ${state}, ${content.bytes}, ${content.keyId}, ${until}, ${startedBy}, ${until}
    where (select count(*) from consent where begun_by = ${startedBy} and ${hasNotPassed(database, 'expires_at')}) < ${sql.lit(maxOpen)}`.execute(
    database.db,
  )
  return Number(numAffectedRows) === 1
}

export const addConsents: Query<'addConsents'> = ({ write }, consents) =>
  write(async (trx) => {
    const added: boolean[] = []
    for (const consent of consents) added.push(await addConsent(trx, consent))
    return added
  })

/** An older version stored no `link_until`; its links can be opened once. */
const LINK_UNTIL = sql<number>`coalesce(link_until, case when browser is null then expires_at else 0 end)`

export const openConsent: Query<'openConsent'> = ({ now, write }, id, { state, browser, content }, flowMs) =>
  write(async (trx) => {
    const until = after(now, flowMs)
    // The update locks the row, so openings of one link take turns.
    const row = await trx.db
      .updateTable('consent')
      .set({
        link_until: sql<number>`coalesce(link_until, expires_at)`,
        expires_at: sql<number>`case when expires_at > ${until} then expires_at else ${until} end`,
      })
      .where('id', '=', id)
      .where(hasNotPassed(trx, 'expires_at'))
      .where(hasNotPassed(trx, LINK_UNTIL))
      .returning(['state', 'browser', 'content', 'content_key'])
      .executeTakeFirst()
    if (row === undefined) return undefined
    const isFirst = row.browser === null
    const last = await lastNumber(trx, id)
    const opening = { consent_id: id, expires_at: until }
    // A gateway of an older version opens a link without storing this row.
    const first = { ...opening, number: 1, state: row.state, browser: row.browser ?? browser }
    const secrets = { content: content.bytes, content_key: content.keyId }
    const own = { ...opening, ...secrets, number: Math.max(last, 1) + 1, state, browser }
    // A gateway of an older version looks for the first opening in this column.
    if (isFirst) await trx.db.updateTable('consent').set({ browser }).where('id', '=', id).execute()
    const openings = isFirst ? [first] : last === 0 ? [first, own] : [own]
    await trx.db.insertInto('consent_opening').values(openings).execute()
    if (!isFirst) await dropOldest(trx, id)
    return { content: sealedIn(row.content, row.content_key), isFirst }
  })

async function lastNumber({ db }: Database, id: string): Promise<number> {
  const row = await db
    .selectFrom('consent_opening')
    .select(({ fn }) => fn.max('number').as('last'))
    .where('consent_id', '=', id)
    .executeTakeFirst()
  return row?.last ?? 0
}

async function dropOldest(trx: Database, id: string): Promise<void> {
  const oldestKept = (await lastNumber(trx, id)) - MAX_OPENINGS + 1
  if (oldestKept <= 1) return
  await trx.db.deleteFrom('consent_opening').where('consent_id', '=', id).where('number', '<', oldestKept).execute()
  // No browser has an empty digest, so a gateway of an older version does not find the first opening either.
  await trx.db.updateTable('consent').set({ browser: '' }).where('id', '=', id).execute()
}

export const endConsent: Query<'endConsent'> = ({ write }, state, browser) =>
  write(async (trx) => {
    const opening = await trx.db
      .selectFrom('consent_opening')
      .select(['consent_id as id', 'browser', 'content', 'content_key'])
      .where('state', '=', state)
      .where(hasNotPassed(trx, 'expires_at'))
      .executeTakeFirst()
    const found = opening ?? (await openedByOlderVersion(trx, state))
    if (found === undefined) return { kind: 'none' }
    const { id, content, content_key: keyId } = found
    const isLive = hasNotPassed(trx, 'expires_at')
    if (found.browser !== browser) {
      const row = await trx.db.selectFrom('consent').select('id').where('id', '=', id).where(isLive).executeTakeFirst()
      return row === undefined ? { kind: 'none' } : { kind: 'other_browser', id }
    }
    const row = await trx.db
      .deleteFrom('consent')
      .where('id', '=', id)
      .where(isLive)
      .returning(['content', 'content_key'])
      .executeTakeFirst()
    if (row === undefined) return { kind: 'none' }
    return { kind: 'ended', id, content: sealedIn(row.content, row.content_key), opening: sealedIn(content, keyId) }
  })

function openedByOlderVersion(trx: Database, state: string) {
  return trx.db
    .selectFrom('consent')
    .select(['id', 'browser', sql<null>`null`.as('content'), sql<null>`null`.as('content_key')])
    .where('state', '=', state)
    .where('browser', 'is not', null)
    .where(hasNotPassed(trx, 'expires_at'))
    .where(sql<boolean>`not exists (select 1 from consent_opening where consent_id = consent.id)`)
    .executeTakeFirst()
}
