import { describe, expect, test } from '@jest/globals'
import { parseClick } from '../../src/click/parse-click.ts'
import { COMPLETION_URL } from '../../src/click/click.ts'
import { fixture } from '../support/requests.ts'

const parse = (body: unknown) => parseClick('v2', body).click

describe('a v2 body becomes a Click', () => {
  test('a click on a button', () => {
    expect(parse(fixture('click-v2-button'))).toEqual({
      id: expect.stringMatching(/^clk_/),
      wire: 'v2',
      source: 'CHAT_MESSAGE_ACTION',
      postToken: 'wZC44q5D',
      conversationId: '6b3d5cf7-9291-4fa9-892a-9d07e300daea',
      userId: '6GqmD76dle5NpJySqnBX8seTpt6uVtzqaNTNJU1ettI=',
      side: 'supply',
      data: { order_id: 'A-1029', step: 'inspect' },
      returnUrl: COMPLETION_URL,
      extra: {},
    })
  })

  test('a click by a user who is not logged in', () => {
    expect(parse(fixture('click-v2-menu'))).toEqual({
      id: expect.any(String),
      wire: 'v2',
      source: 'CHAT',
      postToken: 'wZC44q5D',
      conversationId: 'wZC44q5D',
      side: 'demand',
      data: {},
      returnUrl: COMPLETION_URL,
      extra: {},
    })
  })

  test.each([
    ['Supply', 'supply'],
    ['SUPPLY', 'supply'],
    ['demand', 'demand'],
    ['DEMAND', 'demand'],
  ])('user_side %s is %s', (wire, side) => {
    expect(parse({ user_side: wire })).toMatchObject({ side, extra: {} })
  })

  test('an unknown user_side stays in extra', () => {
    const click = parse({ user_side: 'BROKER' })
    expect(click).not.toHaveProperty('side')
    expect(click.extra).toEqual({ user_side: 'BROKER' })
  })

  test.each(['CHAT', 'POST_ADODN', 'SOMETHING_NEW'])('source %s is kept as it is', (source) => {
    expect(parse({ source }).source).toBe(source)
  })

  test('provider_data is an alias of extra_data', () => {
    expect(parse({ provider_data: { a: 1 } }).data).toEqual({ a: 1 })
    expect(parse({ extra_data: null, provider_data: { a: 1 } }).data).toEqual({ a: 1 })
  })

  test('when both are present, extra_data is the data and provider_data is kept in extra', () => {
    expect(parse({ extra_data: { a: 1 }, provider_data: { b: 2 } })).toMatchObject({
      data: { a: 1 },
      extra: { provider_data: { b: 2 } },
    })
  })

  test.each([
    'source',
    'post_token',
    'conversation_id',
    'user_side',
    'extra_data',
    'user_id',
    'completion_url',
    'return_url',
  ])('%s may be null', (name) => {
    expect(parse({ [name]: null })).toMatchObject({ wire: 'v2', data: {}, extra: {} })
  })

  test('members of another type and empty ones are ignored and counted', () => {
    const odd = { post_token: 1, extra_data: 'x', user_side: {}, source: '', user_id: [], return_url: null }
    expect(parseClick('v2', odd)).toMatchObject({
      click: { ...parse({}), id: expect.any(String) },
      absentParts: 6,
    })
  })

  test.each([[[]], [{ b: null }]])('provider_data is used when extra_data is %j', (extraData) => {
    expect(parse({ extra_data: extraData, provider_data: { a: 1 } }).data).toEqual({ a: 1 })
  })

  test('half a location, which only v1 has, is kept as it came', () => {
    const location = { latitude: 35.68 }
    expect(parse({ location, extra_data: { location } })).toMatchObject({ data: { location }, extra: { location } })
  })

  test('unknown keys are kept', () => {
    expect(parse({ business_ref: 'b', extra_data: {} }).extra).toEqual({ business_ref: 'b' })
  })
})

describe('a v2 body is refused', () => {
  test.each([
    ['source', 20],
    ['post_token', 10],
    ['conversation_id', 64],
    ['user_side', 50],
    ['user_id', 64],
    ['return_url', 2048],
  ])('when %s is longer than %i', (name, max) => {
    expect(parse({ [name]: 'x'.repeat(max) })).toBeDefined()
    expect(() => parse({ [name]: 'x'.repeat(max + 1) })).toThrow(
      `/${name}: expected a string of at most ${max} characters`,
    )
  })
})
