import { expect, test } from '@jest/globals'
import { act, ACTION, startWithAction } from '../support/actions.ts'
import { startTestGateway } from '../support/gateway.ts'
import { createJudge, readDocument } from '../support/reference.ts'

test('answers to dynamic actions are as documented', async () => {
  const judge = createJudge(await readDocument())
  const gateway = await startWithAction("({ data }) => data['answer']")
  const statusOf = async (body: object | string, headers: Record<string, string> = {}, at = gateway) => {
    const response = await act(at, body).set(headers)
    expect(judge.faultsOf('post', '/divar/action', response)).toEqual([])
    return response.status
  }
  const answered = (answer: object) => statusOf({ ...ACTION, extra_data: { answer } })
  expect(judge.takes('post', '/divar/action', ACTION)).toBe(true)
  const statuses = [
    await answered({ url: 'https://app.example.com/', text: 'ok' }),
    await answered({ data: { a: 1 } }),
    await answered({ text: 'ok' }),
    await answered({ text: '' }),
    await statusOf(ACTION, { authorization: 'wrong' }),
    await statusOf({}),
    await statusOf('{'),
    await statusOf(ACTION, { 'content-type': 'text/plain' }),
    await statusOf(`"${'x'.repeat(110_000)}"`),
    await statusOf(ACTION, {}, await startTestGateway()),
  ]
  expect(statuses).toEqual([200, 200, 200, 500, 401, 400, 400, 415, 413, 501])
})
