import { describe, expect, test } from '@jest/globals'
import * as z from 'zod'
import type { Environment } from '../../src/config/config.ts'
import {
  ask,
  clickMenu,
  messageTo,
  sendWithoutToken,
  startConsentDivar,
  completeFlow,
  withConsent,
} from '../support/consent.ts'
import { DATABASES, query, TEST_KEY } from '../support/databases.ts'
import type { TestGateway } from '../support/gateway.ts'
import { eventually, startOn } from '../support/outbox.ts'
import { parseJson } from '../support/requests.ts'
import { alter, inFile } from '../support/stores.ts'

const NEW_KEY = Buffer.alloc(32, 8).toString('base64')
const ROTATING: Environment = { TOKEN_ENCRYPTION_KEY: `${NEW_KEY},${TEST_KEY}` }

async function olderRows(gateway: TestGateway): Promise<number> {
  const { text } = await ask(gateway, '/metrics')
  return Number(/^kenar_store_rows_under_older_keys (\d+)$/m.exec(text)?.[1])
}

/** Flips one bit of the sealed content of each row. */
async function flipOneBit(url: string, table: string): Promise<void> {
  const flipped = (sealed: unknown): string => {
    const bytes = Buffer.from(z.instanceof(Uint8Array).parse(sealed))
    bytes[20] = (bytes[20] ?? 0) ^ 1
    return bytes.toString('hex')
  }
  const all = `select id, content from ${table}`
  const rows = url.startsWith('file:')
    ? inFile(url, (file) => z.array(row).parse(file.prepare(all).all()))
    : z.array(row).parse(await query(url, all))
  for (const { id, content } of rows) {
    const literal = url.startsWith('file:') ? `x'${flipped(content)}'` : `'\\x${flipped(content)}'`
    await alter(url, `update ${table} set content = ${literal} where id = '${id}'`)
  }
}

const row = z.object({ id: z.string(), content: z.unknown() })

describe.each(DATABASES)('on %s', (kind) => {
  /** A gateway where the buyer has consented, and a way to start the next one on its store. */
  async function consented() {
    const { divar } = await startConsentDivar()
    const environment = await withConsent(divar.url, { on: kind })
    const first = await startOn(environment)
    const start = await clickMenu({ url: first.url, divar })
    const { location } = await completeFlow(await clickMenu({ url: first.url, divar }))
    await first.stop()
    const url = String(environment['DATABASE_URL'])
    return {
      divar,
      start,
      clickId: new URL(location).searchParams.get('click_id') ?? '',
      send: (gateway: TestGateway) => sendWithoutToken(gateway, messageTo(divar)),
      next: (more: Environment = {}) => startOn(environment, more),
      alter: (statement: string) => alter(url, statement),
      flip: (table: string) => flipOneBit(url, table),
    }
  }

  test('grants, clicks and open flows survive a key rotation; after it the old key is not needed', async () => {
    const { send, next, start, clickId } = await consented()
    const rotating = await next(ROTATING)
    expect((await send(rotating)).status).toBe(200)
    expect((await ask(rotating, `/clicks/${clickId}`)).status).toBe(200)
    expect((await completeFlow(start)).status).toBe(303)
    await rotating.stop()
    // The open flow and the clicks live for minutes and need the old key until then.
    const later = await next(ROTATING)
    await eventually(async () => ((await olderRows(later)) <= 2 ? true : undefined), 'grants under the new key')
    expect((await send(later)).status).toBe(200)
  })

  test('a gateway whose store still needs a key does not start without it', async () => {
    const { next } = await consented()
    await expect(next({ TOKEN_ENCRYPTION_KEY: NEW_KEY })).rejects.toThrow(
      /a key that stored rows still need is missing/,
    )
  })

  test('a grant with one flipped bit is refused with a clear error, and a new consent replaces it', async () => {
    const { divar, send, next, flip } = await consented()
    await flip('user_grant')
    const gateway = await next()
    const { status, text } = await send(gateway)
    const problem = parseJson(text)
    expect([status, problem]).toEqual([
      500,
      expect.objectContaining({ code: 'grant_unreadable', grant_id: expect.stringMatching(/^grt_/) }),
    ])
    expect(divar.received).toEqual([])
    expect(await gateway.logged('store.sealed_row_unreadable')).toMatchObject({ level: 'error' })
    await completeFlow(await clickMenu({ url: gateway.url, divar }))
    expect((await send(gateway)).status).toBe(200)
  })

  test('a click or a flow with one flipped bit is refused with a clear error', async () => {
    const { start, clickId, next, flip } = await consented()
    await flip('click')
    await flip('consent')
    const gateway = await next()
    const click = await ask(gateway, `/clicks/${clickId}`)
    expect([click.status, parseJson(click.text)['code']]).toEqual([500, 'stored_unreadable'])
    const answer = await fetch(start, { redirect: 'manual' })
    expect([answer.status, await answer.text()]).toEqual([410, expect.stringContaining('does not work any more')])
  })

  test('content copied from another row cannot be opened', async () => {
    const { divar, send, next, alter: change } = await consented()
    const first = await next()
    await completeFlow(await clickMenu({ url: first.url, divar }, 'seller'), { side: 'seller' })
    await first.stop()
    await change('update user_grant set content = (select content from user_grant order by seq limit 1)')
    const gateway = await next()
    const { status, text } = await send(gateway)
    expect([status, parseJson(text)['code']]).toEqual([500, 'grant_unreadable'])
  })

  test('a grant that an altered index assigns to another user sends nothing in the name of that user', async () => {
    const { divar, next, alter: change } = await consented()
    const first = await next()
    await completeFlow(await clickMenu({ url: first.url, divar }, 'seller'), { side: 'seller' })
    await first.stop()
    const [buyers, sellers] = ['asc', 'desc'].map(
      (order) => `(select id from user_grant order by seq ${order} limit 1)`,
    )
    await change(`update grant_name set grant_id = ${buyers} where kind = 'owned' and grant_id = ${sellers}`)
    const gateway = await next()
    const { status, text } = await sendWithoutToken(gateway, {
      ...messageTo(divar),
      user_id: divar.world.people.seller.v2Id,
    })
    expect([status, parseJson(text)['code']]).toEqual([403, 'consent_required'])
    expect(divar.received).toEqual([])
  })
})
