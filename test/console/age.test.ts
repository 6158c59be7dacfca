import { expect, test } from '@jest/globals'
import supertest from 'supertest'
import * as z from 'zod'
import { CONSOLE_CALLERS, openSession } from '../support/console.ts'
import { withStore } from '../support/databases.ts'
import { answer, chatMessage, listMessages, ONE_TRY, queue, startOn, until } from '../support/outbox.ts'
import { alter } from '../support/stores.ts'

const HOUR_MS = 3600_000
const listed = z.object({ messages: z.array(z.object({ id: z.string() })) })

test('the console lists a message by when it failed, though it was accepted long before, as a retry of all that match counts it', async () => {
  const { DATABASE_URL: url = '', ...store } = await withStore('sqlite', { ...CONSOLE_CALLERS, ...ONE_TRY })
  const environment = { ...store, DATABASE_URL: url }
  const first = await startOn(environment)
  const ids: string[] = []
  for (const text of ['yesterday', 'now']) {
    first.divar.misbehave(answer(503, '{}', { 'retry-after': '120' }))
    const id = await queue(first, chatMessage(text, text))
    await until(first, id, 'failed')
    ids.push(id)
  }
  const [yesterday = '', now = ''] = ids
  await first.stop()
  await alter(url, `update message set created_at = created_at - ${24 * HOUR_MS}`)
  await alter(url, `update message set finished_at = finished_at - ${12 * HOUR_MS} where id = '${yesterday}'`)

  const gateway = await startOn(environment)
  const since = new Date(Date.now() - HOUR_MS).toISOString()
  const { cookie, token } = await openSession(gateway)
  const list = await supertest(gateway.internalUrl)
    .get(`/console/api/messages?${new URLSearchParams({ state: 'failed', since }).toString()}`)
    .set('cookie', cookie)
    .expect(200)
  expect(listed.parse(JSON.parse(list.text)).messages).toEqual([{ id: now }])
  const count = await supertest(gateway.internalUrl)
    .post('/console/api/bulk/retry/count')
    .set({ cookie, origin: gateway.internalUrl, 'x-console-token': token })
    .send({ state: 'failed', since })
    .expect(200)
  expect(JSON.parse(count.text)).toMatchObject({ left: 1 })
  // The API keeps to the time of acceptance.
  expect((await listMessages(gateway, `?since=${since}`)).messages).toEqual([])
})
