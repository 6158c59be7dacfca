import { expect, test } from '@jest/globals'
import supertest from 'supertest'
import * as z from 'zod'
import { startConsentGateway } from '../support/consent.ts'
import { CONSOLE_CALLERS, openSession, OPERATOR_KEY, type ConsoleSession } from '../support/console.ts'
import { withStore } from '../support/databases.ts'
import { KEYS, startTestGateway } from '../support/gateway.ts'
import { chatMessage, eventually, queue, until, type Reachable } from '../support/outbox.ts'
import { putSubscription } from '../support/subscriptions.ts'

const timeline = z.object({ entries: z.array(z.object({ kind: z.string(), id: z.string().nullable() })) })

/** What the page reads. */
async function read({ internalUrl }: Reachable, { cookie }: ConsoleSession, path: string, status = 200) {
  const { text } = await supertest(internalUrl).get(`/console/api${path}`).set('cookie', cookie).expect(status)
  return text
}

test('the console shows the timeline of a conversation, by its id or beside one of its messages', async () => {
  const gateway = await startTestGateway({ ...(await withStore('sqlite')), ...CONSOLE_CALLERS })
  const session = await openSession(gateway)
  const id = await queue(gateway, chatMessage('c-1', 'x'))
  await until(gateway, id, 'delivered')
  const beside = await eventually(async () => {
    const text = await read(gateway, session, `/messages/${id}/timeline`)
    const { entries } = timeline.parse(JSON.parse(text))
    return entries.length === 2 ? { entries, text } : undefined
  }, 'the send and its attempt')
  expect(beside.entries).toEqual([
    { kind: 'attempt', id },
    { kind: 'send', id },
  ])
  expect(beside.text).not.toContain('c-1')
  const found = await supertest(gateway.internalUrl)
    .post('/console/api/timeline')
    .set({ cookie: session.cookie, origin: gateway.internalUrl, 'x-console-token': session.token })
    .send({ conversation_id: 'c-1' })
    .expect(200)
  expect(timeline.parse(JSON.parse(found.text)).entries).toEqual(beside.entries)
  await read(gateway, session, '/messages/msg_nobody/timeline', 404)
})

test('the console shows subscriptions of all callers, by state and caller, without ids of people', async () => {
  const gateway = await startConsentGateway(
    {},
    { ...CONSOLE_CALLERS, CALLER_PERMISSIONS: 'orders=platform,consents;ops=operate,platform' },
  )
  const wanted = { user_id: 'canary-user', event_type: 'POST_UPDATE', post_token: 'canary-post' }
  const first = await putSubscription(gateway, wanted)
  const second = await putSubscription(gateway, wanted, OPERATOR_KEY)
  const session = await openSession(gateway)
  const text = await read(gateway, session, '/subscriptions')
  expect(JSON.parse(text)).toMatchObject({
    subscriptions: [
      { id: second.id, caller: 'ops', state: 'waiting', event_type: 'POST_UPDATE' },
      { id: first.id, caller: 'orders' },
    ],
    next_cursor: null,
  })
  for (const secret of ['canary', KEYS.caller]) expect(text).not.toContain(secret)
  const ofOne = await read(gateway, session, '/subscriptions?caller=orders&state=waiting')
  expect(JSON.parse(ofOne)).toMatchObject({ subscriptions: [{ id: first.id }] })
  expect(JSON.parse(await read(gateway, session, '/subscriptions?state=failed'))).toMatchObject({ subscriptions: [] })
})
