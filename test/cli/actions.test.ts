import { expect, test } from '@jest/globals'
import { startWithAction } from '../support/actions.ts'
import { runCli, tempFile } from '../support/command-line.ts'
import { KEYS, startTestGateway } from '../support/gateway.ts'

test('trigger sends a dynamic action and prints its answer, or why there is none', async () => {
  const { url } = await startWithAction("({ data }) => ({ text: 'order ' + data.order_id })")
  const trigger = (at: string) =>
    runCli('trigger', 'action', '--set', 'extra_data.order_id=B-7', '--url', at, '--key', KEYS.identification)
  const { code, out } = await trigger(url)
  expect([code, out]).toEqual([0, expect.stringContaining('{"text_message":"order B-7"}')])
  const refused = await trigger((await startTestGateway()).url)
  expect([refused.code, refused.out]).toEqual([1, expect.stringContaining('501 This app answers no dynamic actions.')])
})

test('validate recognizes a dynamic action by its touchpoint, and names its faults', async () => {
  const good = await tempFile('good.json', { touchpoint: 'CHAT', extra_data: { a: 1 } })
  const bad = await tempFile('bad.json', { touchpoint: '', post_token: 'x'.repeat(11) })
  const { code, out } = await runCli('validate', good, bad)
  expect(code).toBe(1)
  expect(out).toContain('ok (action)')
  expect(out).toContain('/touchpoint: expected a string of 1 to 128 characters')
  expect(out).toContain('/post_token')
})

test('doctor finds no problem with a gateway that answers dynamic actions', async () => {
  const { url } = await startWithAction("() => ({ text: 'ok' })")
  const { code, out } = await runCli('doctor', '--url', url, '--key', KEYS.identification)
  expect([code, out]).toEqual([0, expect.stringMatching(/ 0 failed, 0 skipped$/)])
})
