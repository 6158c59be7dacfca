import { describe, expect, test } from '@jest/globals'
import { startWithAction } from '../support/actions.ts'
import { runCli, tempFile } from '../support/command-line.ts'
import { KEYS, startTestGateway } from '../support/gateway.ts'
import { resolverFile } from '../support/resolvers.ts'

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

describe('try runs dynamicAction of a module', () => {
  const tryAction = async (code: string, ...more: string[]) =>
    runCli('try', await resolverFile(`export default () => ({}); ${code}`), '--click', 'action', ...more)

  test('with the changes of --set, and prints its answer and what is not read of it', async () => {
    const code = `export const dynamicAction = ({ data }) => ({ text: 'order ' + data.order_id, texts: 1 })`
    const { code: ended, out } = await tryAction(code, '--set', 'extra_data.order_id=B-7')
    expect(ended).toBe(0)
    expect(out).toMatch(/^answers \(\d+ ms\)\n {2}text: "order B-7"\n {2}\/texts: not read; did you mean text\?$/)
    const { out: json } = await tryAction(code, '--json')
    expect(JSON.parse(json)).toMatchObject({ answer: { text: 'order A-1029' }, ignored: ['texts'] })
  })

  test.each([
    ['a module without one', '', /^no answer: the module has no export dynamicAction/],
    ['an error', `export const dynamicAction = () => { throw new Error('x') }`, /^no answer: the dynamic action threw/],
    [
      'an answer with nothing',
      `export const dynamicAction = () => ({})`,
      /^no answer: the dynamic action answered nothing/,
    ],
    [
      'an answer that the gateway refuses',
      `export const dynamicAction = () => ({ url: 'http://example.com/' })`,
      /^no answer: the dynamic action's url is http/,
    ],
    [
      'an exit',
      `export const dynamicAction = () => process.exit(0)`,
      /^no answer: the dynamic action ended its process/,
    ],
    [
      'a late answer',
      `export const dynamicAction = () => new Promise(() => setTimeout(() => {}, 60_000))`,
      /^no answer: the dynamic action /,
    ],
  ])('and %s is a failure with its reason', async (_, code, reason) => {
    const { code: ended, out } = await tryAction(code, '--timeout', '200')
    expect([ended, out]).toEqual([1, expect.stringMatching(reason)])
  })

  test('not with a dynamic action that Divar could not send', async () => {
    const { code, err } = await tryAction('', '--set', 'touchpoint=""')
    expect([code, err]).toEqual([1, expect.stringContaining('the dynamic action is not valid: /touchpoint')])
  })
})

test('doctor finds no problem with a gateway that answers dynamic actions', async () => {
  const { url } = await startWithAction("() => ({ text: 'ok' })")
  const { code, out } = await runCli(
    'doctor',
    '--url',
    url,
    '--key',
    KEYS.identification,
    '--internal-key',
    KEYS.caller,
  )
  expect([code, out]).toEqual([0, expect.stringMatching(/ 0 failed, 0 skipped$/)])
})
