import { describe, expect, test } from '@jest/globals'
import { readFile } from 'node:fs/promises'
import * as z from 'zod'
import { fixture, tempFile, runCli } from '../support/command-line.ts'
import { KEYS, startTestGateway } from '../support/gateway.ts'

const good = ['message-v1-link.json', 'message-v1-direct-link.json', 'message-v2-grid.json']
const clicks = ['click-v1-menu.json', 'click-v1-seed.json', 'click-v2-button.json', 'click-v2-menu.json']

describe('validate', () => {
  test.each([...good, ...clicks])('%s is valid; no gateway is needed', async (name) => {
    const { code, out } = await runCli('validate', fixture(name))
    expect([code, out]).toEqual([0, expect.stringContaining(': ok (')])
  })

  test('reports the same pointers for a message as the gateway', async () => {
    const { url } = await startTestGateway()
    const bad = { conversation_id: 'c', message: ' ', sender_btn: { action: 'DIRECT_LINK', data: { caption: 'x' } } }
    const { code, out } = await runCli('validate', await tempFile('bad.json', bad), '--json')
    const answer = await fetch(`${url}/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': KEYS.caller, 'x-access-token': KEYS.token },
      body: JSON.stringify(bad),
    })
    const { errors } = z.object({ errors: z.array(z.unknown()) }).parse(await answer.json())
    expect(code).toBe(1)
    const [told] = z.array(z.object({ kind: z.string(), errors: z.array(z.unknown()) })).parse(JSON.parse(out))
    expect(told).toEqual({ kind: 'message', errors })
    expect(errors).toHaveLength(2)
  })

  test('every file is reported, and one that cannot be read gives exit code 2', async () => {
    const { code, out, err } = await runCli(
      'validate',
      fixture(good[0] ?? ''),
      '/no/such/file',
      await tempFile('x.json', '{'),
    )
    expect(code).toBe(2)
    expect(out.split('\n')[0]).toContain('ok')
    expect(out).toContain('1 wrong')
    expect(err).toContain('/no/such/file')
  })

  test.each([
    ['{}', {}],
    ['package.json', { name: 'x', version: '1.0.0', dependencies: {} }],
  ])('%s is neither a message nor a click: exit code 1', async (_, content) => {
    const { code, out } = await runCli('validate', await tempFile('x.json', content))
    expect([code, out]).toEqual([
      1,
      expect.stringContaining('expected a message, a click, a dynamic action or an event'),
    ])
  })

  test('a misspelled message is reported with the missing member', async () => {
    const { code, out } = await runCli('validate', await tempFile('x.json', { conversation_id: 'c', mesage: 'hello' }))
    expect([code, out]).toEqual([1, expect.stringMatching(/\(message\)\n {2}\/message: /)])
  })

  test('a member that is not read is reported with the nearest known name', async () => {
    const message = { conversation_id: 'c', message: 'hello', reciever_btn: {} }
    const { code, out } = await runCli('validate', await tempFile('x.json', message))
    expect([code, out]).toEqual([0, expect.stringContaining('/reciever_btn: not read; did you mean receiver_btn?')])
    const click = { post_token: 'AZf3Uqr3', user_sde: 'SUPPLY', source: 'CHAT' }
    const told = await runCli('validate', await tempFile('x.json', click))
    expect([told.code, told.out]).toEqual([
      0,
      expect.stringContaining('/user_sde: not known, kept in extra; did you mean user_side?'),
    ])
  })

  test('a bad click is reported with its pointers', async () => {
    const { code, out } = await runCli(
      'validate',
      await tempFile('click.json', { callback_url: 'https://divar.ir/', post_token: 'x' }),
    )
    expect([code, out]).toEqual([1, expect.stringMatching(/click-v1[^]*\/user_id[^]*\/peer_id/)])
  })
})

describe('send', () => {
  test.each(good)('%s arrives at Divar', async (name) => {
    const { url, divar } = await startTestGateway()
    const to = name.includes('v2') ? ['--conversation', '6b3d5cf7='] : []
    const { code, out } = await runCli(
      'send',
      fixture(name),
      '--url',
      url,
      '--key',
      KEYS.caller,
      '--token',
      KEYS.token,
      ...to,
    )
    expect([code, out]).toEqual([0, expect.stringMatching(/^200 msg_/)])
    const { message } = z.object({ message: z.string() }).parse(JSON.parse(await readFile(fixture(name), 'utf8')))
    expect(divar.received.map(({ body }) => body)).toEqual([expect.stringContaining(JSON.stringify(message))])
  })

  test('an invalid message is not sent', async () => {
    const { url, divar } = await startTestGateway()
    const file = await tempFile('bad.json', { conversation_id: 'c', message: '' })
    const { code, err } = await runCli('send', file, '--url', url, '--key', KEYS.caller, '--token', KEYS.token)
    expect([code, err]).toEqual([1, expect.stringContaining('/message')])
    expect(divar.received).toEqual([])
  })

  test('a member that the gateway ignores is reported with the nearest known name', async () => {
    const { url } = await startTestGateway()
    const file = await tempFile('x.json', { conversation_id: 'c', message: 'hello', reciever_btn: {} })
    const { code, out } = await runCli('send', file, '--url', url, '--key', KEYS.caller, '--token', KEYS.token)
    expect([code, out]).toEqual([0, expect.stringContaining('/reciever_btn: not read; did you mean receiver_btn?')])
  })

  test("Divar's status, code and message are printed", async () => {
    const { url, divar } = await startTestGateway()
    divar.misbehave({ kind: 'answer', status: 412, body: '{"code":9,"message":"the recipient blocked the user"}' })
    const given = [fixture(good[0] ?? ''), '--url', url, '--key', KEYS.caller, '--token', KEYS.token]
    const { code, out } = await runCli('send', ...given)
    expect([code, out]).toEqual([
      1,
      expect.stringContaining('Divar answered 412, code 9: the recipient blocked the user'),
    ])
  })

  test('a refusal of the gateway is printed with its code: exit code 1', async () => {
    const { url } = await startTestGateway()
    const given = [fixture(good[0] ?? ''), '--url', url, '--key', 'a-wrong-internal-key']
    const { code, out, err } = await runCli('send', ...given)
    expect([code, out]).toEqual([1, expect.stringContaining('api_key_refused')])
    expect(out + err).not.toContain('a-wrong-internal-key')
  })
})
