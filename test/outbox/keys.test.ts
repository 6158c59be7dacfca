import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import SqliteFile from 'better-sqlite3'
import { DATABASES, query, withStore } from '../support/databases.ts'
import { environment, KEYS } from '../support/gateway.ts'
import { V1 } from '../support/messages.ts'
import {
  answer,
  ask,
  divarAt,
  post,
  queue,
  chatMessage,
  startDivar,
  startOn,
  retryOrCancel,
  textsReceivedBy,
  hasAttempts,
  until,
} from '../support/outbox.ts'
import { spawnGateway } from '../support/process.ts'
import { alter, closeStore, newLine, openAt } from '../support/stores.ts'

const LATER = answer(503, '{}', { 'retry-after': '60' })
const KEYED = { 'idempotency-key': 'k-1' }

/** Two keys, as an operator would make them. */
function newKeys(): { older: string; newer: string } {
  return { older: randomBytes(32).toString('base64'), newer: randomBytes(32).toString('base64') }
}

describe.each(DATABASES)('TOKEN_ENCRYPTION_KEY on %s', (kind) => {
  test('is rotated even if some rows cannot be opened, any number of them', async () => {
    const { older, newer } = newKeys()
    const divar = await startDivar()
    const store = await withStore(kind, divarAt(divar))
    const url = String(store['DATABASE_URL'])
    const filler = await openAt(url)
    await filler.accept(newLine(450, { caller: 'filler' }))
    await closeStore(filler)
    const ended = "state = 'failed', due_at = null, finished_at = created_at, body_key = null, conversation = '.'"
    await alter(url, `update message set ${ended}`)

    const first = await startOn(store, { TOKEN_ENCRYPTION_KEY: older })
    divar.misbehave(LATER)
    const held = await queue(first, chatMessage('c-1', 'held'))
    await until(first, held, 'queued', hasAttempts(1))
    await first.stop()
    const keyOfHeld = `(select body_key from message where id = '${held}')`
    await alter(url, `update message set body_key = ${keyOfHeld} where caller = 'filler'`)

    const second = await startOn(store, { TOKEN_ENCRYPTION_KEY: `${newer},${older}` })
    expect(await second.logged('store.resealed')).toMatchObject({ rows: 1 })
  })

  test('is rotated: content under the previous key opens and is encrypted again under the new key', async () => {
    const divar = await startDivar()
    const { older, newer } = newKeys()
    const store = await withStore(kind, divarAt(divar))
    const start = (keys: string) => startOn(store, { TOKEN_ENCRYPTION_KEY: keys })

    const first = await start(older)
    const kept = await post(first, V1, KEYED)
    divar.misbehave(LATER)
    const held = await queue(first, chatMessage('c-1', 'held'))
    await until(first, held, 'queued', hasAttempts(1))
    const behind = await queue(first, chatMessage('c-1', 'behind'))
    await first.stop()

    const second = await start(`${newer},${older}`)
    expect(await second.logged('store.resealed')).toMatchObject({ level: 'info', rows: 3, left: 3 })
    const replayed = await post(second, V1, KEYED)
    expect({ status: replayed.status, text: replayed.text }).toEqual({ status: 200, text: kept.text })
    expect(replayed.headers['idempotent-replayed']).toBe('true')
    // Its conversation began under the previous key and continues under the new one.
    const last = await queue(second, chatMessage('c-1', 'last'))
    expect(await until(second, last, 'queued')).toMatchObject({ next_attempt_at: null })
    await second.stop()

    // The key's fingerprint and the line still have their names under it.
    await expect(start(newer)).rejects.toThrow(/a key that stored rows still need is missing/)
    const third = await start(`${newer},${older}`)
    expect((await ask(third, '/metrics')).text).toMatch(/^kenar_store_rows_under_older_keys [1-9]/m)
    expect((await retryOrCancel(third, held, 'retry')).status).toBe(202)
    for (const id of [held, behind, last]) await until(third, id, 'delivered')
    expect(textsReceivedBy(divar)).toEqual([V1.message, 'held', 'held', 'behind', 'last'])
    expect(divar.received.at(-1)?.headers.authorization).toBe(`Bearer ${KEYS.token}`)
    const sealedUnder = third.lines().filter(({ event }) => event === 'store.resealed')
    expect(sealedUnder).toEqual([])
    await third.stop()
    await expire(String(store['DATABASE_URL']))
    await start(newer)
  })

  test('after a key rotation a retry keeps its place in the order of its conversation', async () => {
    const divar = await startDivar()
    const { older, newer } = newKeys()
    const store = await withStore(kind, divarAt(divar))
    const first = await startOn(store, { TOKEN_ENCRYPTION_KEY: older })
    divar.misbehave(answer(412))
    const rejected = await queue(first, chatMessage('c-1', 'rejected'))
    await until(first, rejected, 'rejected')
    await first.stop()

    const second = await startOn(store, { TOKEN_ENCRYPTION_KEY: `${newer},${older}` })
    divar.misbehave(LATER)
    const held = await queue(second, chatMessage('c-1', 'held'))
    await until(second, held, 'queued', hasAttempts(1))
    expect((await retryOrCancel(second, rejected, 'retry')).status).toBe(202)
    expect(await until(second, rejected, 'queued')).toMatchObject({ next_attempt_at: null })
    expect((await retryOrCancel(second, held, 'retry')).status).toBe(202)
    await until(second, rejected, 'delivered')
    expect(textsReceivedBy(divar)).toEqual(['rejected', 'held', 'held', 'rejected'])
  })

  test('a start without a key that rows still need ends with 78 and says which key is missing', async () => {
    const { older, newer } = newKeys()
    const store = await withStore(kind)
    const first = await startOn(store, { TOKEN_ENCRYPTION_KEY: older })
    first.divar.misbehave(LATER)
    const held = await queue(first, chatMessage('c-1', 'held'))
    await until(first, held, 'queued', hasAttempts(1))
    await first.stop()
    const refused = spawnGateway({ ...environment(), ...store, TOKEN_ENCRYPTION_KEY: newer })
    expect(await refused.exited).toBe(78)
    expect(refused.stderr()).toMatch(
      /^ {2}TOKEN_ENCRYPTION_KEY: a key that stored rows still need is missing; put the former key back, behind the new one$/m,
    )
    for (const key of [older, newer]) expect(refused.stderr() + refused.stdout()).not.toContain(key)
    const again = await startOn(store, { TOKEN_ENCRYPTION_KEY: older })
    expect((await retryOrCancel(again, held, 'retry')).status).toBe(202)
    await until(again, held, 'delivered')
  })

  test('a payload is sealed in the store, and wiped once the message is delivered or cancelled', async () => {
    const divar = await startDivar()
    const store = await withStore(kind, divarAt(divar))
    const url = String(store['DATABASE_URL'])
    const first = await startOn(store)
    for (let count = 0; count < 3; count += 1) divar.misbehave(LATER)
    const token = { 'x-access-token': 'canary-token' }
    const ids: string[] = []
    for (const body of [CANARY_V1, CANARY_V2, { ...CANARY_V2, conversation_id: 'canary-conversation-2' }]) {
      const id = await queue(first, body, token)
      await until(first, id, 'queued', hasAttempts(1))
      ids.push(id)
    }
    expect((await post(first, CANARY_V1, { ...token, ...KEYED })).status).toBe(200)
    if (kind === 'sqlite') expectNoCanary(url)
    await first.stop()
    const sealed = await bodiesIn(url)
    expect(sealed).toHaveLength(3)
    if (kind === 'sqlite') expectNoCanary(url)
    expect(Buffer.concat(sealed).toString('latin1')).not.toContain('canary')

    const second = await startOn(store)
    const [one = '', two = '', three = ''] = ids
    for (const id of [one, two]) expect((await retryOrCancel(second, id, 'retry')).status).toBe(202)
    for (const id of [one, two]) await until(second, id, 'delivered')
    expect((await retryOrCancel(second, three, 'cancel')).status).toBe(200)
    await second.stop()
    expect(await bodiesIn(url)).toEqual([])
    if (kind === 'sqlite') {
      expectNoCanary(url)
      for (const body of sealed) expect(readFileSync(fileOf(url)).includes(body)).toBe(false)
    }
  })
})

const BUTTON = {
  action: 'LINK',
  data: { icon_name: 'canary-icon', extra_data: { a: 'canary-data' }, caption: 'canary-caption' },
}
const CANARY_V1 = {
  user_id: 'canary-user',
  post_token: 'canary-post',
  peer_id: 'canary-peer',
  message: 'canary-text متن',
  sender_btn: BUTTON,
}
const CANARY_V2 = { conversation_id: 'canary-conversation', message: 'canary-text متن', receiver_btn: BUTTON }

/** A day later no key is left to be repeated. */
async function expire(url: string): Promise<void> {
  const statement = 'delete from idempotency'
  if (!url.startsWith('file:')) {
    await query(url, statement)
    return
  }
  const file = new SqliteFile(fileOf(url))
  file.exec(statement)
  file.close()
}

function fileOf(url: string): string {
  return url.replace(/^file:/, '')
}

function expectNoCanary(url: string): void {
  const file = fileOf(url)
  const bytes = [file, `${file}-wal`].filter((one) => existsSync(one)).map((one) => readFileSync(one))
  expect(bytes[0]?.length).toBeGreaterThan(0)
  for (const one of bytes) {
    expect(one.includes('canary')).toBe(false)
    expect(one.includes('متن')).toBe(false)
  }
}

/** The sealed bodies in a closed store. */
async function bodiesIn(url: string): Promise<Buffer[]> {
  const statement = 'select body from message where body is not null or body_key is not null'
  const rows = url.startsWith('file:') ? readSqlite(fileOf(url), statement) : await query(url, statement)
  return rows.map(({ body }) => {
    if (!Buffer.isBuffer(body)) throw new Error('a body is no bytes')
    return body
  })
}

function readSqlite(file: string, statement: string): Record<string, unknown>[] {
  const database = new SqliteFile(file)
  try {
    return database.prepare<[], Record<string, unknown>>(statement).all()
  } finally {
    database.close()
  }
}
