import { describe, expect, test } from '@jest/globals'
import { DATABASES, withStore } from '../support/databases.ts'
import { KEYS, type TestGateway } from '../support/gateway.ts'
import { MALFORMED_BODIES } from '../support/malformed-bodies.ts'
import {
  answer,
  ask,
  divarAt,
  FAST_RETRIES,
  idOf,
  ONE_TRY,
  post,
  queue,
  startDivar,
  startOn,
  retryOrCancel,
  hasAttempts,
  until,
} from '../support/outbox.ts'
import { startWebhook } from '../support/webhook.ts'

const CANARY = 'CANARY0912'
const TOKEN = `${CANARY}-token`

const data = { icon_name: CANARY, extra_data: { [CANARY]: CANARY }, caption: CANARY }
const V1 = {
  user_id: `${CANARY}-user`,
  post_token: `${CANARY}-post`,
  peer_id: `${CANARY}-peer`,
  message: CANARY,
  [CANARY]: CANARY,
  sender_btn: { action: 'LINK', data },
  receiver_btn: { action: 'DIRECT_LINK', data: { ...data, direct_link: `https://a.example/${CANARY}` } },
}
const button = { action: { open_server_link: { data: { [CANARY]: CANARY } } }, icon: CANARY, caption: CANARY }
const V2 = {
  conversation_id: `${CANARY}-conversation`,
  message: CANARY,
  user_id: CANARY,
  receiver_buttons: { rows: [{ buttons: [button] }] },
}
const MEDIA = { conversation_id: `${CANARY}-media`, media_token: CANARY }

const ASYNC = { prefer: `respond-async, ${CANARY}`, 'x-access-token': TOKEN }
/** Words of Divar's, some of which repeat what it was sent. */
const WORDS = JSON.stringify({ code: 7, message: `${CANARY} ${TOKEN}`, details: [CANARY] })

describe.each(DATABASES)('on %s', (kind) => {
  test('no stored message, token, key or secret is logged, in any outcome', async () => {
    const divar = await startDivar()
    const webhook = await startWebhook(500)
    const store = await withStore(kind, {
      ...FAST_RETRIES,
      ...ONE_TRY,
      ...webhook.environment,
      ...divarAt(divar),
      LOG_LEVEL: 'debug',
    })
    const first = await startOn(store)
    const delivered = await everyEnd(first, divar.misbehave)
    const held = await hold(first, divar.misbehave)
    await first.stop()

    const second = await startOn(store)
    // A replay, a retry and what was left behind.
    expect((await post(second, V1, keyed(1))).headers['idempotent-replayed']).toBe('true')
    expect(await retryOrCancel(second, held, 'retry')).toMatchObject({ status: 202 })
    await until(second, held, 'delivered')
    for (const path of [
      `/messages/${CANARY}`,
      `/messages?state=${CANARY}&cursor=${CANARY}`,
      `/messages/${delivered}`,
    ]) {
      await ask(second, path)
    }
    await second.loggedWhen((all) => all.some(({ event }) => event === 'notice.delivered'))
    await second.stop()

    const output = first.output() + second.output()
    expect(output.split('\n').length).toBeGreaterThan(40)
    const events = new Set([...first.lines(), ...second.lines()].map(({ event }) => event))
    for (const event of [
      'queued',
      'delivered',
      'recipient_restricted',
      'unknown',
      'platform_error',
      'replayed',
      'retried',
    ]) {
      expect(events).toContain(`message.${event}`)
    }
    for (const secret of [CANARY, TOKEN, KEYS.caller, KEYS.divarApi, String(store['TOKEN_ENCRYPTION_KEY'])]) {
      expect(output).not.toContain(secret)
    }
    expect(output).not.toContain(webhook.secret.slice('whsec_'.length))
    // The status webhook does not contain it either.
    expect(JSON.stringify(webhook.notices.map(({ text }) => text))).not.toContain(CANARY)
  })
})

function keyed(number: number): Record<string, string> {
  return { 'idempotency-key': `${CANARY}-${number}`, 'x-access-token': TOKEN }
}

type Misbehave = Awaited<ReturnType<typeof startDivar>>['misbehave']

/** Messages that end in every way; the id of one. */
async function everyEnd(gateway: TestGateway, misbehave: Misbehave): Promise<string> {
  const ends = [
    [undefined, 'delivered'],
    [answer(412, WORDS), 'rejected'],
    [{ kind: 'reset' }, 'unknown'],
    [answer(503, WORDS, { 'retry-after': '86400' }), 'failed'],
    [answer(500, WORDS), 'delivered'],
    [answer(429, WORDS, { 'retry-after': '0' }), 'delivered'],
    [answer(200, CANARY), 'unknown'],
  ] as const
  let id = ''
  for (const body of [V1, V2, MEDIA]) {
    for (const [misbehaviour, state] of ends) {
      if (misbehaviour) misbehave(misbehaviour)
      id = await queue(gateway, body, ASYNC)
      await until(gateway, id, state)
    }
  }
  expect((await post(gateway, V1, keyed(1))).status).toBe(200)
  expect((await post(gateway, V2, keyed(1))).status).toBe(422)
  misbehave(answer(403, WORDS))
  expect((await post(gateway, V2, keyed(2))).status).toBe(403)
  misbehave(answer(500, WORDS))
  expect((await post(gateway, V2, keyed(3))).status).toBe(502)
  expect((await post(gateway, V2, { ...ASYNC, 'idempotency-key': `"${CANARY}` })).status).toBe(400)
  for (const [, body] of MALFORMED_BODIES) expect((await post(gateway, body, ASYNC)).status).toBe(400)
  const response = await post(gateway, V2, { ...ASYNC, ...keyed(4) })
  await until(gateway, idOf(response), 'delivered')
  return id
}

/** One that is left behind for the next start, with another behind it that is cancelled. */
async function hold(gateway: TestGateway, misbehave: Misbehave): Promise<string> {
  misbehave(answer(503, WORDS, { 'retry-after': '30' }))
  const held = await queue(gateway, V2, ASYNC)
  await until(gateway, held, 'queued', hasAttempts(1))
  const cancelled = await queue(gateway, V2, ASYNC)
  expect((await retryOrCancel(gateway, cancelled, 'cancel')).status).toBe(200)
  return held
}
