import { describe, expect, test } from '@jest/globals'
import { parseClick } from '../../src/click/parse-click.ts'
import { COMPLETION_URL } from '../../src/click/click.ts'
import { CLICK, fixture } from '../support/requests.ts'

const parse = (body: unknown) => parseClick('v1', body).click

describe('a v1 body becomes a Click', () => {
  test("the platform's own sample, with Supplier in capitals", () => {
    expect(parse(fixture('click-v1-seed'))).toEqual({
      id: expect.stringMatching(/^clk_[\w-]{24}$/),
      wire: 'v1',
      postToken: 'AZf3Uqr3',
      userId: 'e9ba8a81-9583-4f7c-af54-b07df089d971',
      peerId: '1697004f-e902-44c2-bbbe-bf8e20d54bff',
      supplierId: '1697004f-e902-44c2-bbbe-bf8e20d54bff',
      demandId: 'e9ba8a81-9583-4f7c-af54-b07df089d971',
      side: 'demand',
      data: { order_id: 'A-1029', step: 'inspect' },
      location: { latitude: 35.683374373999364, longitude: 51.34850978851319 },
      returnUrl: COMPLETION_URL,
      extra: {},
    })
  })

  test('an opening from the chat menu, with supplier in small letters and no extra_data', () => {
    const click = parse(fixture('click-v1-menu'))
    expect(click).toMatchObject({ side: 'demand', supplierId: '1697004f-e902-44c2-bbbe-bf8e20d54bff', data: {} })
    expect(click).not.toHaveProperty('location')
  })

  test.each(['Supplier', 'supplier', 'SUPPLIER', 'sUPPLIER'])('%s names the seller', (name) => {
    expect(parse({ ...CLICK, [name]: { id: 'u-1' } })).toMatchObject({ supplierId: 'u-1', side: 'supply', extra: {} })
  })

  test.each([
    ['absent', {}],
    ['null', { extra_data: null }],
    ['empty', { extra_data: {} }],
    ['with null members', { extra_data: { provider_data: null, location: null } }],
    ['with an empty location', { extra_data: { location: {} } }],
    ['of another type', { extra_data: [] }],
    ['that is a string', { extra_data: 'text' }],
    ['with provider_data of another type', { extra_data: { provider_data: [] } }],
    ['with provider_data of nulls', { extra_data: { provider_data: { order_id: null } } }],
    ['with a string for provider_data', { extra_data: { provider_data: 'text' } }],
    ['with a location of nulls', { extra_data: { location: { latitude: null, longitude: null } } }],
    ['with an empty string for a location', { extra_data: { location: '' } }],
    ['with a location of another type', { extra_data: { location: [35.68, 51.34] } }],
    [
      'with a location whose members are of another type',
      { extra_data: { location: { latitude: true, longitude: [] } } },
    ],
    ['with a location with an empty member', { extra_data: { location: { latitude: 35.68, longitude: '' } } }],
  ])('extra_data %s means no data and no location', (_, part) => {
    const click = parse({ ...CLICK, ...part })
    expect(click.data).toEqual({})
    expect(click).not.toHaveProperty('location')
  })

  test.each([
    ['numbers', 35.68, -51.34, { latitude: 35.68, longitude: -51.34 }],
    ['decimal strings', '35.68', '-51.34', { latitude: 35.68, longitude: -51.34 }],
    ['the ends of the range', 90, '-180', { latitude: 90, longitude: -180 }],
  ])('a location of %s becomes numbers', (_, latitude, longitude, location) => {
    expect(parse({ ...CLICK, extra_data: { location: { latitude, longitude } } }).location).toEqual(location)
  })

  test('conversation_id is kept', () => {
    expect(parse({ ...CLICK, conversation_id: 'c-1' }).conversationId).toBe('c-1')
  })

  test('a user who is neither seller nor buyer has no side', () => {
    expect(parse({ ...CLICK, supplier: { id: 'a' }, demand: { id: 'b' } })).not.toHaveProperty('side')
  })

  test('seller and buyer without an id are accepted', () => {
    expect(parse({ ...CLICK, Supplier: null, demand: { id: null } })).not.toHaveProperty('supplierId')
  })

  test.each([
    ['a string for supplier', { Supplier: 'me' }],
    ['a supplier with a number for its id', { supplier: { id: 7 } }],
    ['a list for demand', { demand: [] }],
    ['a number for conversation_id', { conversation_id: 7 }],
    ['half a location', { extra_data: { location: { latitude: 35.68 } } }],
    ['the other half of a location', { extra_data: { location: { latitude: null, longitude: '51.34' } } }],
    ['an object for callback_url', { callback_url: {} }],
  ])('%s is ignored and counted, and the click is still accepted', (_, part) => {
    const { click, absentParts } = parseClick('v1', { ...CLICK, ...part })
    expect(click).toEqual({ ...parse(CLICK), id: click.id })
    expect(absentParts).toBe(1)
  })

  test('a click without invalid optional parts counts none', () => {
    expect(parseClick('v1', fixture('click-v1-seed')).absentParts).toBe(0)
  })

  test('unknown keys are kept at every level, including __proto__', () => {
    const body: unknown = JSON.parse(
      `{"post_token":"p","user_id":"u","peer_id":"q","new_key":[1],"__proto__":{"polluted":true},
        "Supplier":{"id":"s","rating":5},"extra_data":{"provider_data":{"__proto__":"data"},"mood":"good"}}`,
    )
    const click = parse(body)
    expect(JSON.parse(JSON.stringify(click.extra))).toEqual(
      JSON.parse('{"new_key":[1],"__proto__":{"polluted":true},"supplier":{"rating":5},"extra_data":{"mood":"good"}}'),
    )
    expect(Object.getPrototypeOf(click.extra)).toBe(Object.prototype)
    expect(JSON.stringify(click.data)).toBe('{"__proto__":"data"}')
    expect('polluted' in {}).toBe(false)
  })
})

describe('a v1 body is refused with all of its errors at once', () => {
  test.each([
    ['a missing post_token', { post_token: undefined }, '/post_token'],
    ['an empty user_id', { user_id: '' }, '/user_id'],
    ['a null peer_id', { peer_id: null }, '/peer_id'],
    ['a number for an id', { user_id: 7 }, '/user_id'],
    ['an id of 129 characters', { user_id: 'x'.repeat(129) }, '/user_id'],
    ['a post_token of 65 characters', { post_token: 'x'.repeat(65) }, '/post_token'],
    [
      'a latitude over 90',
      { extra_data: { location: { latitude: 90.1, longitude: 1 } } },
      '/extra_data/location/latitude',
    ],
    [
      'a longitude over 180',
      { extra_data: { location: { latitude: '1', longitude: '-180.5' } } },
      '/extra_data/location/longitude',
    ],
    [
      'a location of words',
      { extra_data: { location: { latitude: 'north', longitude: 1 } } },
      '/extra_data/location/latitude',
    ],
    [
      'a location in hexadecimal',
      { extra_data: { location: { latitude: '0x10', longitude: 1 } } },
      '/extra_data/location/latitude',
    ],
    ['a callback_url of 2049 characters', { callback_url: 'x'.repeat(2049) }, '/callback_url'],
  ])('%s', (_, part, pointer) => {
    expect(() => parse({ ...CLICK, ...part })).toThrow(
      expect.objectContaining({
        code: 'invalid_click',
        options: { errors: [{ pointer, detail: expect.stringMatching(/^expected /) }] },
      }),
    )
  })

  test('several errors together', () => {
    expect(() => parse({ user_id: 1, extra_data: { location: { latitude: 'x', longitude: 999 } } })).toThrow(
      /post_token.*user_id.*peer_id.*latitude.*longitude/,
    )
  })

  test.each([[[]], ['text'], [null], [7]])('a body of %j', (body) => {
    expect(() => parse(body)).toThrow('body: expected a JSON object')
  })

  test('a v2 body without its version header gets an error about the header', () => {
    expect(() => parse(fixture('click-v2-button'))).toThrow(/does a proxy drop API_VERSION/)
  })
})
