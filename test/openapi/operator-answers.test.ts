import { expect, test } from '@jest/globals'
import { withStore } from '../support/databases.ts'
import { createDocumentedRequests } from '../support/documented-requests.ts'
import { MAY_ERASE } from '../support/erasure.ts'
import { startTestGateway } from '../support/gateway.ts'

test('answers for operators are as documented', async () => {
  const gateway = await startTestGateway(await withStore('sqlite', MAY_ERASE))
  const { ask } = await createDocumentedRequests(gateway)
  const answers = [
    await ask('post', '/messages/retry', { state: 'failed' }),
    await ask('post', '/messages/retry', {}),
    await ask('post', '/messages/cancel', { limit: 1 }),
    await ask('post', '/messages/cancel', { state: 'failed' }),
    await ask('get', '/messages?since=2026-01-01T00:00:00Z&wire=event'),
    await ask('get', '/attention'),
    await ask('get', '/attention?at=now'),
    await ask('post', '/timeline', { conversation_id: 'c-1' }),
    await ask('post', '/timeline', {}),
  ]
  expect(answers.map(({ status }) => status)).toEqual([200, 400, 200, 400, 200, 200, 400, 200, 400])
  const bare = await startTestGateway(MAY_ERASE)
  expect((await ask('get', '/attention', undefined, { at: bare })).status).toBe(501)
})
