import { expect, test } from '@jest/globals'
import { DATABASES, withStore } from '../support/databases.ts'
import { problemOf, V1 } from '../support/messages.ts'
import {
  answer,
  FAST_RETRIES,
  post,
  queue,
  chatMessage,
  startDivar,
  startOn,
  textsReceivedBy,
  hasAttempts,
  until,
} from '../support/outbox.ts'

test('after ten failures in a row sends are refused at once, and queued messages wait until Divar is back', async () => {
  const [kind = 'sqlite'] = DATABASES
  const divar = await startDivar()
  const other = await startDivar()
  const gateway = await startOn(await withStore(kind), {
    ...FAST_RETRIES,
    DIVAR_API_URL: divar.url,
    DIVAR_V1_API_URL: other.url,
  })
  for (let time = 0; time < 10; time += 1) {
    divar.misbehave(answer(500))
    expect((await post(gateway, chatMessage('c-1', 'failing'))).status).toBe(502)
  }
  for (const headers of [{}, { 'idempotency-key': 'k-1' }]) {
    const response = await post(gateway, chatMessage('c-1', 'refused'), headers)
    expect(problemOf(response)).toMatchObject({
      status: 503,
      code: 'platform_unavailable',
      outcome: 'platform_unavailable',
      retryable: true,
      id: expect.stringMatching(/^msg_/),
    })
    expect(response.headers['retry-after']).toMatch(/^[1-5]$/)
  }
  const ids: string[] = []
  for (const conversation of ['c-1', 'c-2', 'c-3', 'c-4'])
    ids.push(await queue(gateway, chatMessage(conversation, 'waits')))
  // Divar's other host has had no failures.
  expect((await post(gateway, V1)).status).toBe(200)
  await until(gateway, await queue(gateway, V1), 'delivered')
  for (const id of ids) await until(gateway, id, 'queued', hasAttempts(0))
  expect(textsReceivedBy(divar)).toEqual(Array.from({ length: 10 }, () => 'failing'))
  expect(await gateway.logged('breaker.open')).toMatchObject({ level: 'error', host: divar.url })

  for (const id of ids) {
    const { attempts } = await until(gateway, id, 'delivered')
    expect(attempts.map(({ outcome }) => outcome)).toEqual(['delivered'])
  }
  expect(await gateway.logged('breaker.closed')).toMatchObject({ level: 'info', host: divar.url })
  // What was refused has freed its key.
  expect((await post(gateway, chatMessage('c-1', 'refused'), { 'idempotency-key': 'k-1' })).status).toBe(200)
})
