import { beforeAll, describe, expect, test } from '@jest/globals'
import supertest from 'supertest'
import { ACTION, startWithAction } from '../support/actions.ts'
import { withStore } from '../support/databases.ts'
import { newMessageEvent, startEventReceiver } from '../support/events.ts'
import type { TestGateway } from '../support/gateway.ts'
import { CLICK } from '../support/requests.ts'

/** The key is a free text of the developer panel. */
const KEY = 'Bearer first key, with spaces'
const NEXT = 'next-key'

describe.each<[string, object]>([
  ['/divar/session', CLICK],
  ['/divar/action', ACTION],
  ['/divar/events', newMessageEvent('c-1', 'm-1')],
])("Divar's call of %s", (path, body) => {
  let gateway: TestGateway
  beforeAll(async () => {
    const { environment } = await startEventReceiver()
    const keys = { DIVAR_IDENTIFICATION_KEY: KEY, DIVAR_IDENTIFICATION_KEY_NEXT: NEXT }
    gateway = await startWithAction("() => ({ text: 'ok' })", { ...(await withStore('sqlite', environment)), ...keys })
  })
  const statusOf = async (headers: Record<string, string>) =>
    (
      await supertest(gateway.url)
        .post(path)
        .set({ 'content-type': 'application/json', ...headers })
        .send(body)
    ).status

  test('is accepted with the identification key, and with the next one while it rotates', async () => {
    for (const authorization of [KEY, NEXT, ` ${KEY} `]) expect(await statusOf({ authorization })).toBe(200)
  })

  test.each<[string, Record<string, string>]>([
    ['none', {}],
    ['an empty one', { authorization: '' }],
    ['a part of it', { authorization: KEY.slice(0, -1) }],
    ['a scheme in front of it', { authorization: `Bearer ${NEXT}` }],
    ['the key without what looks like a scheme', { authorization: KEY.replace('Bearer ', '') }],
    ['both', { authorization: `${KEY}, ${NEXT}` }],
    ['another header', { 'x-api-key': KEY }],
  ])('is refused with %s', async (_, headers) => {
    expect(await statusOf(headers)).toBe(401)
  })
})
