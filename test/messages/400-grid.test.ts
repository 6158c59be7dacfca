import { beforeAll, describe, expect, test } from '@jest/globals'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { deliver, pointersOf, V1, V2 } from '../support/messages.ts'
import { send } from '../support/requests.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway()
})

async function refused(body: string | object): Promise<string[]> {
  const before = gateway.divar.received.length
  const response = await send(gateway, body)
  expect(response.text).not.toContain('CANARY')
  expect(gateway.divar.received).toHaveLength(before)
  return pointersOf(response)
}

const button = { action: { open_direct_link: 'https://a.example/' }, caption: 'c' }
const gridOf = (...buttons: unknown[]) => ({ rows: [{ buttons }] })

describe('a grid', () => {
  const row = { buttons: [button] }
  test.each([
    ['that is a string', 'CANARY', ''],
    ['that is a list', [row], ''],
    ['with rows that are not a list', { rows: row }, '/rows'],
    ['of four rows', { rows: [row, row, row, row] }, '/rows'],
    ['with a row of four', gridOf(button, button, button, button), '/rows/0/buttons'],
    ['with an empty row', { rows: [row, { buttons: [] }] }, '/rows/1/buttons'],
    ['with a row that is null', { rows: [null] }, '/rows/0'],
    ['with a row that is a list', { rows: [[button]] }, '/rows/0'],
    ['with a row without buttons', { rows: [{}] }, '/rows/0/buttons'],
    ['with a button that is null', gridOf(button, null), '/rows/0/buttons/1'],
    ['with a button without a caption', gridOf({ action: button.action }), '/rows/0/buttons/0/caption'],
    ['with a blank caption', gridOf({ ...button, caption: '\u200c ' }), '/rows/0/buttons/0/caption'],
    ['with an icon that is a number', gridOf({ ...button, icon: 5 }), '/rows/0/buttons/0/icon'],
    ['with an old icon that is a number', gridOf({ ...button, icon_name: 5 }), '/rows/0/buttons/0/icon_name'],
    ['with a button of v1', gridOf({ action: 'LINK', data: {}, caption: 'c' }), '/rows/0/buttons/0/action'],
  ])('%s', async (_, grid, pointer) => {
    expect(await refused({ ...V2, sender_buttons: grid })).toEqual([`/sender_buttons${pointer}`])
    expect(await refused({ ...V2, receiver_buttons: grid })).toEqual([`/receiver_buttons${pointer}`])
  })

  test('with errors in several places gets all of them', async () => {
    const grid = { rows: [{ buttons: [{ ...button, caption: '' }, button] }, { buttons: [button, { action: {} }] }] }
    expect(await refused({ ...V2, sender_buttons: grid })).toEqual([
      '/sender_buttons/rows/0/buttons/0/caption',
      '/sender_buttons/rows/1/buttons/1/action',
      '/sender_buttons/rows/1/buttons/1/caption',
    ])
  })
})

describe('an action', () => {
  const post = { post_token: 'p' }
  test.each([
    ['missing', undefined, ''],
    ['null', null, ''],
    ['none', {}, ''],
    ['none, by null', { open_post_page: null }, ''],
    ['two', { open_post_page: post, open_post_manage_page: post }, ''],
    ['two, one of them unknown', { open_post_page: post, CANARY: {} }, ''],
    ['unknown', { CANARY: {} }, ''],
    ['__proto__', '{"__proto__":{"open_post_page":{"post_token":"p"}}}', ''],
    ['constructor', { constructor: {} }, ''],
    ['open_server_link with a list', { open_server_link: { data: [] } }, '/open_server_link/data'],
    ['open_server_link with data that is a string', { open_server_link: { data: 'CANARY' } }, '/open_server_link/data'],
    ['open_server_link that is a string', { open_server_link: 'CANARY' }, '/open_server_link'],
    ['get_dynamic_action with a list', { get_dynamic_action: { data: [] } }, '/get_dynamic_action/data'],
    ['open_post_page without a post', { open_post_page: {} }, '/open_post_page/post_token'],
    ['open_post_page with an empty one', { open_post_page: { post_token: '' } }, '/open_post_page/post_token'],
    [
      'open_post_manage_page with a number',
      { open_post_manage_page: { post_token: 5 } },
      '/open_post_manage_page/post_token',
    ],
    ['open_direct_link with an object', { open_direct_link: { url: 'https://a.example/' } }, '/open_direct_link'],
  ])('%s', async (_, action, pointer) => {
    const body = JSON.stringify({ ...V2, sender_buttons: gridOf({ action: 'ACTION', caption: 'c' }) })
    const written = typeof action === 'string' ? action : JSON.stringify(action ?? null)
    expect(await refused(body.replace('"ACTION"', written))).toEqual([
      `/sender_buttons/rows/0/buttons/0/action${pointer}`,
    ])
  })
})

describe('a grid that v1 cannot express', () => {
  test.each([
    ['two buttons', gridOf(button, button)],
    ['two rows', { rows: [{ buttons: [button] }, { buttons: [button] }] }],
    ['a dynamic action', gridOf({ action: { get_dynamic_action: { data: {} } }, caption: 'c' })],
    ['a post', gridOf({ action: { open_post_page: { post_token: 'p' } }, caption: 'c' })],
    ['the management of a post', gridOf({ action: { open_post_manage_page: { post_token: 'p' } }, caption: 'c' })],
  ])('%s', async (_, grid) => {
    expect(await refused({ ...V1, sender_buttons: grid })).toEqual(['/sender_buttons'])
    expect(await refused({ ...V1, receiver_buttons: grid })).toEqual(['/receiver_buttons'])
  })
})

describe('an integer that JSON parsing would round', () => {
  const withData = (data: string) =>
    `{"sender_btn":{"action":"LINK","data":{"caption":"c","extra_data":${data}}},${JSON.stringify(V1).slice(1)}`
  const at = '/sender_btn/data/extra_data'

  test.each([
    ['{"n":9007199254740993}', `${at}/n`],
    ['{"n":-9007199254740993}', `${at}/n`],
    ['{"n":9007199254740992}', `${at}/n`],
    ['{"n":123456789012345678901234567890}', `${at}/n`],
    ['{"list":[1,[2,9007199254740993]]}', `${at}/list/1/1`],
    ['{"a/b~c":{"":9007199254740993}}', `${at}/a~1b~0c/`],
    ['{"__proto__":9007199254740993}', `${at}/__proto__`],
  ])('%s', async (data, pointer) => {
    expect(await refused(withData(data))).toEqual([pointer])
  })

  test('is refused on v2 too', async () => {
    const data = '{"open_server_link":{"data":{"n":9007199254740993}}}'
    const body = JSON.stringify({ ...V2, sender_buttons: gridOf({ action: 'ACTION', caption: 'c' }) })
    expect(await refused(body.replace('"ACTION"', data))).toEqual([
      '/sender_buttons/rows/0/buttons/0/action/open_server_link/data/n',
    ])
  })

  test.each(['9007199254740991', '-9007199254740991', '0.1', '-0.0015', '"9007199254740993"'])(
    '%s is not one, and arrives unchanged',
    async (number) => {
      const { arrived } = await deliver(gateway, withData(`{"n":${number}}`))
      expect(arrived.body).toContain(`"extra_data":{"n":${number}}`)
    },
  )

  test('a body full of errors gets a short answer', async () => {
    const faults = `{"${'k'.repeat(10_000)}":[${'9007199254740993,'.repeat(2000)}1]}`
    const response = await send(gateway, withData(faults))
    expect(response.status).toBe(400)
    expect(response.text.length).toBeLessThan(100 * 1024)
  })
})
