import { beforeAll, describe, expect, test } from '@jest/globals'
import { withStore } from '../support/databases.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { V1, V2, v2Path } from '../support/messages.ts'
import { parseJson, send } from '../support/requests.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway(await withStore('sqlite'))
})

const link = (more: object = {}, data: object = {}) => ({
  action: 'LINK',
  ...more,
  data: { extra_data: { any: { thing: 1 } }, direct_link: 'https://a.example/', caption: 'c', ...data },
})
const gridOf = (button: object, row: object = {}, grid: object = {}) => ({
  rows: [{ buttons: [button], ...row }],
  ...grid,
})
const open = { open_server_link: { data: { deep: { er: 1 } } } }

describe('the answer to a send names the members that were not read', () => {
  test.each<[string, object, string[]]>([
    ['a misspelled member', { ...V1, reciever_btn: null }, ['/reciever_btn']],
    [
      'in a button of v1',
      { ...V1, sender_btn: link({ colour: 1 }, { icon: 'X' }) },
      ['/sender_btn/colour', '/sender_btn/data/icon'],
    ],
    [
      'at any depth of a grid',
      {
        ...V2,
        receiver_buttons: gridOf(
          { action: { ...open, later: null }, caption: 'c', colour: 'red' },
          { width: 2 },
          { columns: 1 },
        ),
      },
      [
        '/receiver_buttons/rows/0/buttons/0/action/later',
        '/receiver_buttons/rows/0/buttons/0/colour',
        '/receiver_buttons/rows/0/width',
        '/receiver_buttons/columns',
      ],
    ],
    [
      'inside an action',
      { ...V2, sender_buttons: gridOf({ action: { open_post_page: { post_token: 'p', page: 2 } }, caption: 'c' }) },
      ['/sender_buttons/rows/0/buttons/0/action/open_post_page/page'],
    ],
    ['with characters in its name that a pointer escapes', { ...V2, 'a/b~c': 1 }, ['/a~1b~0c']],
  ])('%s', async (_, body, pointers) => {
    for (const headers of [{}, { prefer: 'respond-async' }]) {
      const response = await send(gateway, body).set(headers)
      expect(response.body).toMatchObject({ id: expect.any(String), ignored: pointers })
      const id = String(parseJson(response.text)['id'])
      await gateway.loggedWhen((lines) =>
        lines.some((line) => line['message_id'] === id && line['ignored'] === pointers.length),
      )
    }
  })

  test.each<[string, object]>([
    ['a plain message', V1],
    ['the superfluous members that known clients send', { ...V1, type: 'TEXT', sender_btn: link() }],
    [
      'both names of an icon',
      { ...V2, sender_buttons: gridOf({ action: open, icon: 'A', icon_name: 'B', caption: 'c' }) },
    ],
    [
      'user_id and post_token, which select the grant',
      { ...V2, user_id: 'u-1', post_token: 'p', type: 'TEXT', delivery: 'at-least-once' },
    ],
    ['media', { conversation_id: 'c-1', media_token: 'm', message: '' }],
  ])('and not %s', async (_, body) => {
    const response = await send(gateway, body)
    expect(response.body).toEqual({ status: 200, message: 'success', id: expect.any(String) })
  })

  test('again when a request is repeated under its key', async () => {
    const body = { ...V2, mesage: 'x' }
    const key = { 'idempotency-key': 'ignored-1' }
    const first = await send(gateway, body).set(key)
    const again = await send(gateway, body).set(key)
    expect(again.headers['idempotent-replayed']).toBe('true')
    expect([parseJson(first.text)['ignored'], again.text]).toEqual([['/mesage'], first.text])
  })

  test('up to fifty; the log has the full number', async () => {
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`x${index}`, index]))
    const response = await send(gateway, { ...V2, ...many, ['y'.repeat(600)]: 1 })
    expect(parseJson(response.text)['ignored']).toHaveLength(50)
    await gateway.loggedWhen((lines) => lines.some((line) => line['ignored'] === 201))
  })

  test('but not on the platform’s own paths, whose answers are the platform’s', async () => {
    const response = await send(gateway, { message: 'm', mesage: 'x' }, v2Path('c-1'))
    expect(response.body).toEqual({ status: 200, message: 'success', id: expect.any(String) })
  })
})

describe('members that the published schema does not require are optional', () => {
  test.each(['open_server_link', 'get_dynamic_action'])('%s without data', async (action) => {
    const body = { ...V2, sender_buttons: gridOf({ action: { [action]: {} }, caption: 'c' }) }
    expect((await send(gateway, body)).status).toBe(200)
    const wrong = { ...V2, sender_buttons: gridOf({ action: { [action]: { data: [] } }, caption: 'c' }) }
    const refusal = await send(gateway, wrong)
    expect(refusal.body).toMatchObject({
      code: 'invalid_message',
      errors: [{ pointer: `/sender_buttons/rows/0/buttons/0/action/${action}/data` }],
    })
  })

  test('a grid without rows counts as no grid', async () => {
    const before = gateway.divar.received.length
    expect((await send(gateway, { ...V2, sender_buttons: {}, receiver_buttons: { rows: null } })).status).toBe(200)
    expect(JSON.parse(gateway.divar.received[before]?.body.toString() ?? '')).toEqual({ message: V2.message })
  })
})

describe('control characters in what is sent on are refused, on both wires', () => {
  test.each<[string, object]>([
    ['/user_id', { ...V1, user_id: 'u\n' }],
    ['/post_token', { ...V1, post_token: 'p\n' }],
    ['/peer_id', { ...V1, peer_id: '\u0085' }],
    ['/conversation_id', { ...V2, conversation_id: 'c\r' }],
    ['/user_id', { ...V2, user_id: 'u\t' }],
    ['/post_token', { ...V2, post_token: 'p\u007f' }],
    ['/media_token', { conversation_id: 'c-1', media_token: 'm\n' }],
    [
      '/sender_buttons/rows/0/buttons/0/action/open_post_page/post_token',
      { ...V2, sender_buttons: gridOf({ action: { open_post_page: { post_token: 'p\n' } }, caption: 'c' }) },
    ],
  ])('%s', async (pointer, body) => {
    const response = await send(gateway, body)
    expect(response.body).toMatchObject({
      code: 'invalid_message',
      errors: expect.arrayContaining([{ pointer, detail: 'expected no control characters' }]),
    })
  })
})
