import { describe, expect, test } from '@jest/globals'
import * as z from 'zod'
import { act, ACTION, jsonOf } from '../support/actions.ts'
import { startTestGateway } from '../support/gateway.ts'
import { click, CLICK, fixture, parseJson, replyOf } from '../support/requests.ts'
import { resolverFile, startService } from '../support/resolvers.ts'

const clickJson = z.object({
  post_token: z.string(),
  data: z.object({ order_id: z.string().optional() }),
  location: z.object({ latitude: z.number() }).optional(),
})

/**
 * What every resolver promises, whatever it is. A new kind proves itself by an entry here: how to configure one that lands on
 * `https://app.example.com/start` with the click's post_token, order_id and latitude in the query.
 */
const resolvers: Record<string, () => Promise<Record<string, string>>> = {
  template: () =>
    Promise.resolve({ LANDING_URL_TEMPLATE: 'https://app.example.com/start{?post_token,data.order_id,latitude}' }),

  module: async () => ({
    RESOLVER_MODULE: await resolverFile(`export default ({ postToken, data, location }) => {
      const url = new URL('https://app.example.com/start')
      url.searchParams.set('post_token', postToken)
      if (data.order_id !== undefined) url.searchParams.set('data.order_id', data.order_id)
      if (location) url.searchParams.set('latitude', location.latitude)
      return { url: url.href }
    }`),
  }),

  forward: async () => ({
    RESOLVER_SECRET: 's3cret',
    RESOLVER_URL: await startService((request, response) => {
      let body = ''
      request.on('data', (chunk) => (body += String(chunk)))
      request.on('end', () => {
        const { post_token, data, location } = clickJson.parse(parseJson(body))
        const query = { post_token, 'data.order_id': data.order_id, latitude: location?.latitude.toString() }
        const url = new URL('https://app.example.com/start')
        for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value)
        response.setHeader('content-type', 'application/json').end(JSON.stringify({ url }))
      })
    }),
  }),
}

describe.each(Object.entries(resolvers))('the %s resolver', (kind, configure) => {
  test.each([
    ['click-v1-seed', undefined, 'post_token=AZf3Uqr3&data.order_id=A-1029&latitude=35.683374373999364'],
    ['click-v1-menu', undefined, 'post_token=AZf3Uqr3'],
    ['click-v2-button', '2', 'post_token=wZC44q5D&data.order_id=A-1029'],
    ['click-v2-menu', '2', 'post_token=wZC44q5D'],
  ])('resolves %s', async (name, version, query) => {
    const gateway = await startTestGateway({ RESOLVER: kind, ...(await configure()) })
    const response = await click(gateway, fixture(name), version)
    expect(response.body).toEqual({ status: '200', message: 'success', url: `https://app.example.com/start?${query}` })
    expect(await gateway.logged('click.resolved')).toMatchObject({ resolver: kind })
  })

  test('encodes values that would break a URL', async () => {
    const gateway = await startTestGateway({ RESOLVER: kind, ...(await configure()) })
    const order = '&x=1#y /../%2e ؟سفارش\u200f"<>\\@evil.example'
    const response = await click(gateway, { ...CLICK, extra_data: { provider_data: { order_id: order } } })
    const url = new URL(replyOf(response).url)
    expect(url.origin + url.pathname + url.hash).toBe('https://app.example.com/start')
    expect(url.searchParams.get('data.order_id')).toBe(order)
    expect([...url.searchParams.keys()]).toEqual(['post_token', 'data.order_id'])
  })

  test('stays on the allowed origins', async () => {
    const configured = await configure()
    const allowed = 'https://app.example.com'
    const inside = await startTestGateway({ RESOLVER: kind, ...configured, LANDING_ALLOWED_ORIGINS: allowed })
    expect((await click(inside, CLICK)).status).toBe(200)
    const outside = startTestGateway({
      RESOLVER: kind,
      ...configured,
      LANDING_ALLOWED_ORIGINS: 'https://other.example.com',
    })
    // A template's origin is known at the start; what a module or a service answers only at the click.
    const refusal = await outside.then((gateway) => click(gateway, CLICK)).then(({ status }) => status, String)
    expect([500, 'ConfigError: LANDING_URL_TEMPLATE: its origin is not on LANDING_ALLOWED_ORIGINS']).toContain(refusal)
  })
})

const actionJson = z.object({ touchpoint: z.string(), data: z.looseObject({ json: z.string().optional() }) })

/** What every way to answer dynamic actions promises: how to configure one that answers `data.answer` of the button, or the JSON in `data.json`. */
const actions: Record<string, () => Promise<Record<string, string>>> = {
  module: async () => ({
    RESOLVER: 'module',
    RESOLVER_MODULE: await resolverFile(`export default () => ({ url: 'https://app.example.com/' })
      export const dynamicAction = ({ touchpoint, data }) => {
        if (touchpoint !== 'CHAT_MESSAGE_ACTION') throw new Error('another touchpoint')
        return data.json === undefined ? data.answer : JSON.parse(data.json)
      }`),
  }),

  forward: async () => ({
    RESOLVER_SECRET: 's3cret',
    ACTION_URL: await startService((request, response) => {
      let body = ''
      request.on('data', (chunk) => (body += String(chunk)))
      request.on('end', () => {
        const { touchpoint, data } = actionJson.parse(parseJson(body))
        if (touchpoint !== 'CHAT_MESSAGE_ACTION') response.statusCode = 500
        response.end(data.json ?? JSON.stringify(data['answer'] ?? null))
      })
    }),
  }),
}

describe.each(Object.entries(actions))('a dynamic action answered by a %s', (kind, configure) => {
  const LINK = { url: 'https://app.example.com/a?b=%D8%B3' }

  test.each([
    [LINK, { action: { open_direct_link: LINK.url } }],
    [{ data: { a: { b: [1, null] } } }, { action: { open_server_link: { data: { a: { b: [1, null] } } } } }],
    [{ text: 'ثبت شد\u200c‏' }, { text_message: 'ثبت شد\u200c‏' }],
    [
      { ...LINK, text: 'x' },
      { action: { open_direct_link: LINK.url }, text_message: 'x' },
    ],
    [
      { data: { a: 1 }, text: 'x' },
      { action: { open_server_link: { data: { a: 1 } } }, text_message: 'x' },
    ],
  ])('answers %j', async (answer, expected) => {
    const gateway = await startTestGateway(await configure())
    const response = await act(gateway, { ...ACTION, extra_data: { answer } })
    expect([response.status, jsonOf(response)]).toEqual([200, expected])
    expect(await gateway.logged('action.answered')).toMatchObject({ resolver: kind })
  })

  test.each([null, {}, [], 'text', { url: '' }, { url: 7 }, { text: '' }, { data: [] }, { ...LINK, data: {} }])(
    'fails instead of answering %j',
    async (answer) => {
      const gateway = await startTestGateway(await configure())
      expect((await act(gateway, { ...ACTION, extra_data: { answer } })).status).toBe(500)
      expect(await gateway.logged('action.refused')).toMatchObject({ level: 'error', code: 'action_failed' })
    },
  )

  test.each(['a\0b', 'half \ud83d', '\udc4d half'])('fails instead of answering the string %j', async (text) => {
    const gateway = await startTestGateway(await configure())
    for (const answer of [{ text }, { ...LINK, text }, { data: { a: [text] } }, { data: { [text]: 1 } }]) {
      expect((await act(gateway, { ...ACTION, extra_data: { json: JSON.stringify(answer) } })).status).toBe(500)
    }
    expect(await gateway.logged('action.refused')).toMatchObject({ level: 'error', code: 'action_failed' })
  })

  test('stays on the allowed origins', async () => {
    const configured = await configure()
    for (const [origin, status] of [
      ['https://app.example.com', 200],
      ['https://other.example.com', 500],
    ] as const) {
      const gateway = await startTestGateway({
        LANDING_URL_TEMPLATE: origin,
        ...configured,
        LANDING_ALLOWED_ORIGINS: origin,
      })
      expect((await act(gateway, { ...ACTION, extra_data: { answer: LINK } })).status).toBe(status)
    }
  })
})
