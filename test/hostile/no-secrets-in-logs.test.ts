import { expect, test } from '@jest/globals'
import supertest from 'supertest'
import { act, ACTION } from '../support/actions.ts'
import { KEYS, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { CLICK_V1, CLICK_V2, MESSAGE_V1, MESSAGE_V2, marked } from '../support/marked-values.ts'
import { click, send } from '../support/requests.ts'
import { resolverFile } from '../support/resolvers.ts'

const CANARY = 'CANARY0912'

async function plantEverywhere(gateway: TestGateway): Promise<string> {
  const answers: string[] = []
  const statuses = new Set<number>()
  const keep = (response: { text: string; headers: unknown; status: number }) => {
    // An answer names the members that were not read to the caller who sent them.
    answers.push(response.text.replace(/"ignored":\[[^\]]*\]/, ''), JSON.stringify(response.headers))
    statuses.add(response.status)
    return response.status
  }
  for (const body of marked(CANARY, CLICK_V1)) keep(await click(gateway, JSON.stringify(body)))
  for (const body of marked(CANARY, CLICK_V2)) keep(await click(gateway, JSON.stringify(body), '2'))
  for (const body of [...marked(CANARY, MESSAGE_V1), ...marked(CANARY, MESSAGE_V2)])
    keep(await send(gateway, JSON.stringify(body)))
  for (const body of marked(CANARY, ACTION)) keep(await act(gateway, JSON.stringify(body)))
  for (const text of [CANARY, `{"${CANARY}`, `{"a":"${CANARY}\\u0000"}`, `{"${CANARY}\\ud800":1}`]) {
    keep(await click(gateway, text))
    keep(await act(gateway, text))
    keep(await send(gateway, text))
  }
  for (const header of [
    'authorization',
    'content-type',
    'api-version',
    'api_version',
    'traceparent',
    'cookie',
    'user-agent',
  ]) {
    keep(await click(gateway, CLICK_V1).set(header, CANARY))
    keep(await act(gateway, ACTION).set(header, CANARY))
  }
  for (const header of ['x-api-key', 'x-access-token', 'authorization', 'idempotency-key', 'prefer', 'content-type']) {
    keep(await send(gateway, MESSAGE_V1).set(header, CANARY))
  }
  for (const path of [`/${CANARY}`, `/messages?state=${CANARY}`, `/messages/${CANARY}`, `/clicks/${CANARY}`]) {
    keep(await supertest(gateway.url).get(path).set('x-api-key', KEYS.caller))
  }
  gateway.divar.misbehave({ kind: 'answer', status: 403, body: `{"code":7,"message":"no","details":["${CANARY}"]}` })
  keep(await send(gateway, MESSAGE_V1))
  gateway.divar.misbehave({ kind: 'answer', status: 200, body: CANARY })
  keep(await send(gateway, MESSAGE_V1))
  expect([...statuses].sort()).toEqual([200, 400, 401, 403, 404, 415, 500, 501, 504])
  // The answer names an unknown parameter to its caller; the log must not.
  await supertest(gateway.url).get(`/messages?${CANARY}=1`).set('x-api-key', KEYS.caller)
  return answers.join('\n')
}

const SECRETS = [KEYS.identification, KEYS.caller, KEYS.divarApi, KEYS.token]

test('content of any field, header or path appears in no log line, even at the most verbose level', async () => {
  const gateway = await startTestGateway({
    RESOLVER: 'module',
    RESOLVER_MODULE: await resolverFile(
      `export default function fail(click) { throw Object.assign(new Error('x\\n    at ' + JSON.stringify(click)), { click }) }
      export { fail as dynamicAction }`,
    ),
  })
  const answers = await plantEverywhere(gateway)
  await gateway.logged('message.unknown')
  expect(gateway.lines().length).toBeGreaterThan(100)
  for (const secret of [CANARY, ...SECRETS]) expect(gateway.output()).not.toContain(secret)
  // It is not in the answer either: the resolver fails here, so no landing can contain it.
  for (const secret of [CANARY, ...SECRETS]) expect(answers).not.toContain(secret)
  // What the log calls a reason is ours, word by word.
  const reasons = new Set(gateway.lines().map((line) => line['reason']))
  expect(reasons).toEqual(
    new Set([undefined, 'the resolver threw', 'the dynamic action threw', 'unreadable answer with status 200']),
  )
})
