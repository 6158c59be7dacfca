import { describe, expect, test } from '@jest/globals'
import { act, ACTION, jsonOf, startWithAction } from '../support/actions.ts'
import { withStore } from '../support/databases.ts'
import { startTestGateway } from '../support/gateway.ts'
import { ask } from '../support/outbox.ts'
import { click, CLICK, parseJson, replyOf } from '../support/requests.ts'
import { resolverFile, startService } from '../support/resolvers.ts'

describe('200: a dynamic action is answered in place', () => {
  test.each([
    ['a URL', { url: 'https://app.example.com/a' }, { action: { open_direct_link: 'https://app.example.com/a' } }],
    [
      'data',
      { data: { step: 2, more: { a: [] } } },
      { action: { open_server_link: { data: { step: 2, more: { a: [] } } } } },
    ],
    ['no data', { data: {} }, { action: { open_server_link: { data: {} } } }],
    ['a text', { text: 'ثبت شد' }, { text_message: 'ثبت شد' }],
    ['the longest text', { text: 'x'.repeat(1000) }, { text_message: 'x'.repeat(1000) }],
    [
      'a URL with a text',
      { url: 'https://app.example.com/a', text: 'opening' },
      { action: { open_direct_link: 'https://app.example.com/a' }, text_message: 'opening' },
    ],
    [
      'data with a text',
      { data: { step: 2 }, text: 'next' },
      { action: { open_server_link: { data: { step: 2 } } }, text_message: 'next' },
    ],
    ['a text, and null for the rest', { url: null, data: null, text: 'ok', other: 1 }, { text_message: 'ok' }],
  ])('with %s', async (_, answer, expected) => {
    const gateway = await startWithAction(`() => (${JSON.stringify(answer)})`)
    const response = await act(gateway, ACTION)
    expect([response.status, jsonOf(response)]).toEqual([200, expected])
    expect(response.headers['cache-control']).toContain('no-store')
    expect(await gateway.logged('action.answered')).toMatchObject({
      level: 'info',
      status: 200,
      resolver: 'module',
      wire: 'v2',
      click_id: expect.stringMatching(/^clk_[\w-]{24}$/),
      resolver_ms: expect.any(Number),
    })
  })

  test('the function gets the members of a Click and the touchpoint, a signal and a log', async () => {
    const gateway = await startWithAction(`(request, { signal, log }) => {
      log.info({ event: 'action.saw', aborted: signal.aborted })
      const { id, ...others } = request
      return { data: { id: id.slice(0, 4), ...others } }
    }`)
    const { action } = jsonOf(await act(gateway, { ...ACTION, unknown: { a: 1 } }))
    expect(action).toEqual({
      open_server_link: {
        data: {
          id: 'clk_',
          wire: 'v2',
          touchpoint: 'CHAT_MESSAGE_ACTION',
          postToken: 'AZf3Uqr3',
          conversationId: 'c-1',
          userId: 'u-1',
          side: 'demand',
          data: { order_id: 'A-1029' },
          returnUrl: 'https://open-platform-redirect.divar.ir/completion',
          extra: { unknown: { a: 1 } },
        },
      },
    })
    const { request_id, click_id } = await gateway.logged('action.answered')
    expect(await gateway.logged('action.saw')).toMatchObject({ aborted: false, request_id, click_id })
  })

  test("the button's data may come as provider_data, as some pages of Divar's documentation call it", async () => {
    const gateway = await startWithAction('({ data }) => ({ data })')
    const { extra_data: provider_data, ...others } = ACTION
    expect(jsonOf(await act(gateway, { ...others, provider_data }))).toEqual({
      action: { open_server_link: { data: provider_data } },
    })
  })

  test('optional parts that are empty or of another type count as absent', async () => {
    const gateway = await startWithAction("({ id, ...others }) => ({ text: Object.keys(others).join(' ') })")
    const odd = { touchpoint: 'CHAT', post_token: null, conversation_id: 7, user_side: '', extra_data: [], user_id: {} }
    expect(jsonOf(await act(gateway, odd))).toEqual({ text_message: 'wire data returnUrl extra touchpoint' })
    expect(await gateway.logged('action.answered')).toMatchObject({ absent_parts: 5 })
  })

  test('any API-Version header, or none, is accepted', async () => {
    const gateway = await startWithAction("() => ({ text: 'ok' })")
    for (const version of ['1', '2', '3', 'x'])
      expect((await act(gateway, ACTION).set('api-version', version)).status).toBe(200)
  })
})

describe('a CommonJS module answers dynamic actions', () => {
  test.each([
    [
      'as a member of the resolver',
      "module.exports = () => ({ url: 'https://app.example.com/' }); module.exports.dynamicAction = () => ({ text: 'ok' })",
    ],
    [
      'as a compiler exports it',
      "Object.defineProperty(exports, '__esModule', { value: true }); exports.default = () => ({ url: 'https://app.example.com/' }); exports.dynamicAction = async () => ({ text: 'ok' })",
    ],
  ])('%s', async (_, code) => {
    const gateway = await startTestGateway({ RESOLVER: 'module', RESOLVER_MODULE: await resolverFile(code, 'r.cjs') })
    expect(jsonOf(await act(gateway, ACTION))).toEqual({ text_message: 'ok' })
    expect(replyOf(await click(gateway, CLICK)).url).toBe('https://app.example.com/')
  })
})

describe('ACTION_URL', () => {
  test('gets the request as JSON with the secret, beside a template resolver', async () => {
    const asked = Promise.withResolvers<{ authorization: string | undefined; body: string }>()
    const url = await startService((request, response) => {
      let body = ''
      request.on('data', (chunk) => (body += String(chunk)))
      request.on('end', () => {
        asked.resolve({ authorization: request.headers.authorization, body })
        response.end(JSON.stringify({ text: 'ok' }))
      })
    })
    const gateway = await startTestGateway({ ACTION_URL: url, RESOLVER_SECRET: 's3cret' })
    expect(jsonOf(await act(gateway, ACTION))).toEqual({ text_message: 'ok' })
    const { authorization, body } = await asked.promise
    expect(authorization).toBe('Bearer s3cret')
    expect(parseJson(body)).toEqual({
      id: expect.stringMatching(/^clk_/),
      wire: 'v2',
      touchpoint: 'CHAT_MESSAGE_ACTION',
      post_token: 'AZf3Uqr3',
      conversation_id: 'c-1',
      user_id: 'u-1',
      side: 'demand',
      data: { order_id: 'A-1029' },
      return_url: 'https://open-platform-redirect.divar.ir/completion',
      extra: {},
    })
    expect(await gateway.logged('action.answered')).toMatchObject({ resolver: 'forward' })
  })

  test("goes before a module's dynamicAction", async () => {
    const url = await startService((_request, response) => response.end('{"text":"service"}'))
    const gateway = await startWithAction("() => ({ text: 'module' })", { ACTION_URL: url, RESOLVER_SECRET: 's3cret' })
    expect(jsonOf(await act(gateway, ACTION))).toEqual({ text_message: 'service' })
  })

  test('that fails does not stop clicks to RESOLVER_URL on the same host', async () => {
    const url = await startService((request, response) => {
      if (request.url === '/action') response.writeHead(500).end()
      else response.end('{"url":"https://app.example.com/ok"}')
    })
    const gateway = await startTestGateway({
      RESOLVER: 'forward',
      RESOLVER_URL: url,
      RESOLVER_SECRET: 's3cret',
      ACTION_URL: new URL('/action', url).href,
    })
    for (let time = 0; time < 5; time += 1) expect((await act(gateway, ACTION)).status).toBe(500)
    await gateway.logged('breaker.open')
    expect(replyOf(await click(gateway, CLICK)).url).toBe('https://app.example.com/ok')
    const { text } = await ask(gateway, '/metrics')
    expect(text).toContain(`kenar_breaker_state{host="${new URL(url).origin}"} 2\n`)
    expect(text).toContain('kenar_actions_total{outcome="action_failed"} 5\n')
    expect(text).toContain('kenar_action_seconds_count 5\n')
  })
})

describe.each(['sqlite', 'postgres'] as const)("with a store (%s), a URL that names the request's id", (kind) => {
  test('stores the click, which callers read with its touchpoint', async () => {
    const gateway = await startWithAction(
      "({ id }) => ({ url: 'https://app.example.com/a?click=' + id })",
      await withStore(kind),
    )
    const { action } = jsonOf(await act(gateway, ACTION))
    const id = /clk_[\w-]{24}/.exec(JSON.stringify(action))?.[0] ?? ''
    const { status, text } = await ask(gateway, `/clicks/${id}`)
    expect([status, parseJson(text)]).toEqual([
      200,
      expect.objectContaining({ id, touchpoint: 'CHAT_MESSAGE_ACTION', data: { order_id: 'A-1029' }, user_id: 'u-1' }),
    ])
  })
})
