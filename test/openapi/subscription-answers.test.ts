import { expect, test } from '@jest/globals'
import { startConsentGateway } from '../support/consent.ts'
import { createDocumentedRequests } from '../support/documented-requests.ts'
import { startTestGateway } from '../support/gateway.ts'
import { parseJson } from '../support/requests.ts'
import { DIVARS_PATH, MAY_SUBSCRIBE } from '../support/subscriptions.ts'

const WANTED = { user_id: 'u-1', event_type: 'POST_UPDATE', metadata: { a: 1 } }

test('answers about subscriptions are as documented', async () => {
  const tokens = [{ accessToken: 'of-seller', side: 'seller' as const, scopes: ['USER_POSTS_GET'] }]
  const gateway = await startConsentGateway({}, MAY_SUBSCRIBE, { tokens })
  const { ask } = await createDocumentedRequests(gateway)
  const put = await ask('put', '/subscriptions', WANTED)
  const { id } = parseJson(put.text)
  const withToken = { headers: { authorization: 'Bearer of-seller' } }
  const answers = [
    put,
    await ask('put', '/subscriptions', {}),
    await ask('put', '/subscriptions', '{'),
    await ask('get', '/subscriptions?state=waiting'),
    await ask('get', '/subscriptions?x=1'),
    await ask('delete', `/subscriptions/${String(id)}`),
    await ask('delete', `/subscriptions/${String(id)}`),
    await ask('put', '/subscriptions', WANTED, { headers: { 'x-api-key': 'wrong' } }),
    await ask('post', DIVARS_PATH, { event_type: 'POST_UPDATE' }, withToken),
    await ask('post', DIVARS_PATH, { event_type: 'POST_UPDATE' }, { headers: { 'x-divar-user-id': 'u-1' } }),
    await ask('post', DIVARS_PATH, { event_type: 'POST_UPDATE' }),
    await ask('post', DIVARS_PATH, { event_type: 'NEW_MESSAGE_ON_POST' }, withToken),
  ]
  expect(answers.map(({ status }) => status)).toEqual([200, 400, 400, 200, 400, 200, 404, 401, 200, 403, 400, 403])
  const bare = await startTestGateway(MAY_SUBSCRIBE)
  expect((await ask('put', '/subscriptions', WANTED, { at: bare })).status).toBe(501)
})
