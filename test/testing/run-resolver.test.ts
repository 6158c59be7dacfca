import { describe, expect, jest, test } from '@jest/globals'
import {
  actionRequest,
  clickV1,
  clickV2,
  defineResolver,
  Fault,
  ResolverError,
  runAction,
  runResolver,
  type DynamicAction,
  type Resolver,
} from '../../src/testing/index.ts'

const toOrder: Resolver = ({ data, side }) => ({
  url: `https://app.example.com/${String(data['order_id'])}/${side ?? 'nobody'}`,
})

describe('clicks for tests', () => {
  test('are what the gateway reads from a complete body of either wire', () => {
    expect(clickV1()).toMatchObject({ wire: 'v1', postToken: 'AZf3Uqr3', side: 'demand', data: { order_id: 'A-1029' } })
    expect(clickV2()).toMatchObject({
      wire: 'v2',
      source: 'CHAT_MESSAGE_ACTION',
      side: 'demand',
      data: { order_id: 'A-1029' },
    })
  })

  test('accept overrides in the notation of the wire', () => {
    expect(clickV2({ user_side: 'SUPPLY', extra_data: { order_id: 'B-7' } })).toMatchObject({
      side: 'supply',
      data: { order_id: 'B-7' },
    })
    expect(clickV1({ extra_data: undefined }).data).toEqual({})
  })

  test('that Divar could not send cannot be built', () => {
    expect(() => clickV1({ user_id: undefined })).toThrow(Fault)
    expect(() => clickV2({ post_token: 'longer than ten characters' })).toThrow('/post_token')
  })
})

describe('a resolver is run as the gateway runs it', () => {
  test('its landing is returned checked', async () => {
    await expect(runResolver(toOrder, clickV1())).resolves.toEqual({ url: 'https://app.example.com/A-1029/demand' })
  })

  test.each<[string, Resolver, object, string]>([
    ['throws', () => Promise.reject(new Error('x')), {}, 'the resolver threw'],
    ['is late', () => new Promise(() => undefined), { timeoutMs: 20 }, 'missed its deadline of 20 ms'],
    ['answers http', () => ({ url: 'http://app.example.com/' }), {}, 'is http, which is for loopback only'],
    [
      'leaves the allowed origins',
      toOrder,
      { allowedOrigins: ['https://other.example'] },
      'is not on LANDING_ALLOWED_ORIGINS',
    ],
  ])('one that %s is refused', async (_, resolver, options, reason) => {
    await expect(runResolver(resolver, clickV1(), options)).rejects.toThrow(ResolverError)
    await expect(runResolver(resolver, clickV1(), options)).rejects.toThrow(reason)
  })

  test('an invalid message is dropped as the gateway drops it, with a warning', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const landing = { url: 'https://app.example.com/', message: '' }
    await expect(runResolver(() => landing, clickV1())).resolves.toEqual({ url: landing.url })
    expect(warn.mock.lastCall).toEqual([expect.stringContaining("the Landing's message is not a text, or empty")])
    warn.mockRestore()
  })

  test('a late resolver is aborted through its signal', async () => {
    let told = false
    const resolver: Resolver = (_, { signal }) =>
      new Promise(() => {
        signal.addEventListener('abort', () => {
          told = true
        })
      })
    await expect(runResolver(resolver, clickV1(), { timeoutMs: 20 })).rejects.toThrow()
    expect(told).toBe(true)
  })
})

describe("a landing's scopes", () => {
  test('are returned as written', async () => {
    const resolver = defineResolver(() => ({ url: 'https://app.example.com/', scopes: ['chat', 'offline'] }))
    expect(await runResolver(resolver, clickV2())).toEqual({
      url: 'https://app.example.com/',
      scopes: ['chat', 'offline'],
    })
  })

  test.each([
    ['is not a scope', clickV2(), ['bogus'], 'expected chat, post_chats'],
    ['needs an id that the click lacks', clickV2({ post_token: undefined }), ['post_chats'], 'there is no post_token'],
    ['cannot be verified for the user who clicked', clickV1(), ['phone'], 'beside chat only user_id and offline'],
  ])('are refused, as by the gateway, when one %s', async (_, click, scopes, reason) => {
    // @ts-expect-error as JavaScript answers it, which no compiler has checked
    const refused = runResolver(() => ({ url: 'https://app.example.com/', scopes }), click)
    await expect(refused).rejects.toThrow(ResolverError)
    await expect(refused).rejects.toThrow(reason)
  })
})

describe('a dynamic action is run as the gateway runs it', () => {
  test('its request is what the gateway reads, and its answer is returned checked', async () => {
    const request = actionRequest({ extra_data: { order_id: 'B-7' }, user_side: 'SUPPLY' })
    expect(request).toMatchObject({ touchpoint: 'CHAT_MESSAGE_ACTION', side: 'supply', data: { order_id: 'B-7' } })
    expect(request).not.toHaveProperty('source')
    const answered = runAction(({ data }) => ({ data, text: 'next' }), request)
    await expect(answered).resolves.toEqual({ data: { order_id: 'B-7' }, text: 'next' })
  })

  test.each<[string, DynamicAction, object, string]>([
    ['throws', () => Promise.reject(new Error('x')), {}, 'the dynamic action threw'],
    ['is late', () => new Promise(() => undefined), { timeoutMs: 20 }, 'missed its deadline of 20 ms'],
    ['answers an empty text', () => ({ text: '' }), {}, 'text: expected a string of 1 to 1000 characters'],
    ['answers http', () => ({ url: 'http://app.example.com/' }), {}, 'is http, which is for loopback only'],
    [
      'leaves the allowed origins',
      () => ({ url: 'https://app.example.com/' }),
      { allowedOrigins: ['https://other.example'] },
      'is not on LANDING_ALLOWED_ORIGINS',
    ],
  ])('one that %s is refused', async (_, action, options, reason) => {
    await expect(runAction(action, actionRequest(), options)).rejects.toThrow(ResolverError)
    await expect(runAction(action, actionRequest(), options)).rejects.toThrow(reason)
  })

  test('one that Divar could not send cannot be built', () => {
    expect(() => actionRequest({ touchpoint: undefined })).toThrow('/touchpoint')
  })
})
