import { describe, expect, test } from '@jest/globals'
import {
  Browser,
  clickMenu,
  completeFlow,
  linkFor,
  messageTo,
  startConsentDivar,
  withConsent,
} from '../support/consent.ts'
import { grantsOf } from '../support/consent-setup.ts'
import type { Environment } from '../../src/config/config.ts'
import { DATABASES } from '../support/databases.ts'
import { newMessageEvent, sendEvent, startEventReceiver } from '../support/events.ts'
import { eraseUser, holdQueue, MAY_ERASE, NOTHING } from '../support/erasure.ts'
import { startTestGateway } from '../support/gateway.ts'
import { problemOf } from '../support/messages.ts'
import {
  answer,
  eventually,
  ask,
  getMessage,
  post,
  queue,
  startOn,
  startStored,
  until,
  type DatabaseKind,
} from '../support/outbox.ts'
import { parseJson } from '../support/requests.ts'

const WITHOUT_TOKEN = { 'x-access-token': '' }

/** A gateway with consent, and who its users are. */
async function start(on: DatabaseKind, more: Environment = {}) {
  const { divar } = await startConsentDivar()
  const environment = await withConsent(divar.url, { on })
  const gateway = await startOn(environment, { ...MAY_ERASE, ...more })
  const { buyer, seller } = divar.world.people
  // The gateway's calls go to this Divar, not to the one that the helper started.
  const at = { ...gateway, divar }
  return { gateway: at, divar, buyer, seller }
}

async function erased(gateway: { internalUrl: string }, userId: string) {
  const { status, text } = await eraseUser(gateway, userId)
  expect([status, text]).toEqual([200, text])
  return parseJson(text)
}

describe.each(DATABASES)('DELETE /users/:user_id on %s', (on) => {
  test('ends grants, authorization flows and queued messages in that name, wipes their texts, and touches no others', async () => {
    const { gateway, divar, buyer, seller } = await start(on)
    const { post: ad, conversationId } = divar.world
    await completeFlow(await clickMenu(gateway))
    const open = await linkFor(gateway, ['phone'])
    const openOfSeller = await linkFor(gateway, ['phone'], 'seller')
    await holdQueue(gateway)
    const v1 = { user_id: buyer.v1Id, post_token: ad.token, peer_id: seller.v1Id, message: 'v1' }
    const own = [
      await queue(gateway, messageTo(divar), WITHOUT_TOKEN),
      await queue(gateway, { ...messageTo(divar), user_id: buyer.v2Id }, WITHOUT_TOKEN),
      // With a token that no grant has.
      await queue(gateway, { ...messageTo(divar), user_id: buyer.v2Id }),
    ]
    const ownOnV1 = await queue(gateway, v1)
    const others = [
      await queue(gateway, { ...v1, user_id: seller.v1Id, peer_id: buyer.v1Id }),
      await queue(gateway, { conversation_id: conversationId, message: 'with a token of its own' }),
    ]

    expect(await erased(gateway, buyer.v2Id)).toEqual({ ...NOTHING, grants: 1, consents: 1, messages: 3 })
    expect(await erased(gateway, buyer.v1Id)).toEqual({ ...NOTHING, messages: 1 })
    for (const id of [...own, ownOnV1]) {
      expect(await getMessage(gateway, id)).toMatchObject({ state: 'cancelled', wiped: true })
    }
    for (const id of others) expect(await getMessage(gateway, id)).toMatchObject({ state: 'queued', wiped: false })
    expect(await grantsOf(gateway, buyer.v2Id)).toEqual([])
    expect((await new Browser().open(open)).status).toBe(410)
    expect((await new Browser().open(openOfSeller)).status).toBe(303)

    expect(await erased(gateway, buyer.v2Id)).toEqual(NOTHING)
    expect(await erased(gateway, buyer.v1Id)).toEqual(NOTHING)
  })

  test('wipes the texts of messages that have ended and could still be retried', async () => {
    const gateway = await startStored(on, MAY_ERASE)
    gateway.divar.misbehave(answer(412))
    const id = await queue(gateway, { user_id: 'u-1', post_token: 'p', peer_id: 'u-2', message: 'refused' })
    await until(gateway, id, 'rejected')
    expect(await erased(gateway, 'u-2')).toEqual(NOTHING)
    expect(await erased(gateway, 'u-1')).toEqual({ ...NOTHING, texts: 1 })
    expect(await getMessage(gateway, id)).toMatchObject({ state: 'rejected', wiped: true })
    expect(await erased(gateway, 'u-1')).toEqual(NOTHING)
  })

  test('a message that is being sent ends by its outcome, and is wiped then', async () => {
    const gateway = await startStored(on, { ...MAY_ERASE, DIVAR_TIMEOUT_MS: '4000' })
    gateway.divar.misbehave({ kind: 'silence' })
    const body = { user_id: 'u-1', post_token: 'p', peer_id: 'u-2', message: 'slow' }
    const id = await queue(gateway, body)
    const next = await queue(gateway, { ...body, message: 'next' })
    await until(gateway, id, 'sending')
    expect(await erased(gateway, 'u-1')).toEqual({ ...NOTHING, messages: 1, texts: 1 })
    expect(await getMessage(gateway, id)).toMatchObject({ state: 'unknown', wiped: true })
    expect(await getMessage(gateway, next)).toMatchObject({ state: 'cancelled', attempts: [] })
  })

  test('an open consent link stops working at once, also while a message of that user is still being sent', async () => {
    const { gateway, divar, buyer } = await start(on, { DIVAR_TIMEOUT_MS: '4000' })
    await completeFlow(await clickMenu(gateway))
    const open = await linkFor(gateway, ['phone'])
    divar.misbehave({ kind: 'silence' })
    const id = await queue(gateway, messageTo(divar), WITHOUT_TOKEN)
    await until(gateway, id, 'sending')
    const running = erased(gateway, buyer.v2Id)
    await eventually(async () => ((await new Browser().open(open)).status === 410 ? true : undefined), '410')
    expect(await getMessage(gateway, id)).toMatchObject({ state: 'sending' })
    expect(await running).toEqual({ ...NOTHING, grants: 1, consents: 1, texts: 1 })
  })

  test('ends messages of the app’s bot to that user', async () => {
    const gateway = await startStored(on, MAY_ERASE)
    await holdQueue(gateway)
    const own = await queue(gateway, { bot: { user_id: 'u-1' }, text_message: 'own' })
    const other = await queue(gateway, { bot: { user_id: 'u-2' }, text_message: 'other' })
    expect(await erased(gateway, 'u-1')).toEqual({ ...NOTHING, messages: 1 })
    const stateOf = async (id: string) => parseJson((await ask(gateway, `/messages/${id}`)).text)['state']
    expect([await stateOf(own), await stateOf(other)]).toEqual(['cancelled', 'queued'])
  })

  test('ends events that name that user and wait to be passed on, wipes those that were refused, and leaves others', async () => {
    const receiver = await startEventReceiver(({ type }) => (type === 'REFUSED' ? 400 : 503))
    const gateway = await startStored(on, { ...MAY_ERASE, ...receiver.environment })
    const idsOfStored = () =>
      gateway.lines().flatMap(({ event, event_id: id }) => (event === 'event.stored' ? [String(id)] : []))
    const report = async (body: object) => {
      const before = idsOfStored().length
      await sendEvent(gateway, body).expect(200)
      await gateway.loggedWhen(() => idsOfStored().length > before)
      return idsOfStored().at(-1) ?? ''
    }
    const own = await report({ type: 'USER_ACCESS_REVOCATION', user_access_revocation: { user_id: 'u-1' } })
    const refused = await report({ type: 'REFUSED', user_id: 'u-1' })
    const other = await report({ type: 'USER_ACCESS_REVOCATION', user_access_revocation: { user_id: 'u-2' } })
    const chat = await report(newMessageEvent('c-1', 'm-1'))
    await gateway.logged('event.rejected')
    const shown = async (id: string) => parseJson((await ask(gateway, `/messages/${id}`)).text)

    expect(await erased(gateway, 'u-1')).toEqual({ ...NOTHING, events: 2 })
    expect(await shown(own)).toMatchObject({ state: 'cancelled', wiped: true })
    expect(await shown(refused)).toMatchObject({ state: 'rejected', wiped: true })
    for (const id of [other, chat]) expect(await shown(id)).toMatchObject({ wiped: false })
    expect(await erased(gateway, 'u-1')).toEqual(NOTHING)
  })

  test('finds every message among many, of all callers and conversations', async () => {
    const gateway = await startStored(on, MAY_ERASE)
    await holdQueue(gateway)
    const sends = Array.from({ length: 230 }, (_, number) => ({
      user_id: number % 2 === 0 ? 'u-1' : 'u-3',
      post_token: `p-${number % 20}`,
      peer_id: 'u-2',
      message: 'x',
    }))
    // So few at a time that each gets a connection to PostgreSQL in time, on a slow machine too.
    for (let at = 0; at < sends.length; at += 10)
      await Promise.all(sends.slice(at, at + 10).map((body) => queue(gateway, body)))
    expect(await erased(gateway, 'u-1')).toEqual({ ...NOTHING, messages: 115 })
    expect(await erased(gateway, 'u-1')).toEqual(NOTHING)
    expect(await erased(gateway, 'u-3')).toEqual({ ...NOTHING, messages: 115 })
  })
})

describe('DELETE /users/:user_id', () => {
  test('needs the permission operate, which no caller has by default', async () => {
    const { status, text } = await eraseUser(await startStored('sqlite'), 'u-1')
    expect([status, parseJson(text)]).toEqual([
      403,
      expect.objectContaining({ code: 'not_allowed', permission: 'operate' }),
    ])
  })

  test('a caller that may only operate erases, and cannot look a user up', async () => {
    const gateway = await startStored('sqlite', { CALLER_PERMISSIONS: 'orders=operate' })
    expect(await erased(gateway, 'u-1')).toEqual(NOTHING)
  })

  test.each(['u%0A', '%01', 'u'.repeat(129)])('refuses an invalid id: %s', async (id) => {
    const gateway = await startStored('sqlite', MAY_ERASE)
    const response = await eraseUser(gateway, decodeURIComponent(id))
    expect(problemOf(response)).toMatchObject({ status: 400, code: 'malformed_request' })
  })

  test('without a store answers 501', async () => {
    const gateway = await startTestGateway(MAY_ERASE)
    expect(problemOf(await eraseUser(gateway, 'u-1'))).toMatchObject({ status: 501, code: 'store_required' })
  })

  test('logs counts, and no id of the user', async () => {
    const gateway = await startStored('sqlite', { ...MAY_ERASE, LOG_LEVEL: 'debug' })
    await holdQueue(gateway)
    await post(
      gateway,
      { user_id: 'CANARY', post_token: 'p', peer_id: 'u-2', message: 'CANARY' },
      { prefer: 'respond-async' },
    )
    await eraseUser(gateway, 'CANARY')
    await eraseUser(gateway, 'CANARY\n')
    expect(await gateway.logged('user.erased')).toMatchObject({ messages: 1, left: false })
    await gateway.logged('user.not_erased')
    expect(gateway.output()).not.toContain('CANARY')
  })
})
