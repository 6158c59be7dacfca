import { beforeAll, describe, expect, test } from '@jest/globals'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { pointersOf, problemOf, TRIPLE, V1, V1_PATH, V2, v2Path } from '../support/messages.ts'
import { send } from '../support/requests.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway()
})

/** What a body lacks or has wrong, as pointers. Nothing of it may reach Divar. */
async function refused(body: string | object, path?: string): Promise<string[]> {
  const before = gateway.divar.received.length
  const response = await send(gateway, body, path)
  expect(response.text).not.toContain('CANARY')
  expect(gateway.divar.received).toHaveLength(before)
  return pointersOf(response)
}

const link = { action: 'LINK', data: { extra_data: {}, caption: 'c' } }
const direct = (direct_link: unknown) => ({ action: 'DIRECT_LINK', data: { direct_link, caption: 'c' } })
const button = { action: { open_post_page: { post_token: 'p' } }, caption: 'c' }
const gridOf = (...buttons: unknown[]) => ({ rows: [{ buttons }] })

test('all errors are reported at once, each with its place and without values', async () => {
  const response = await send(gateway, {
    type: 'CANARY',
    post_token: 5,
    peer_id: '',
    message: ' ',
    sender_btn: { action: 'LINK', data: { icon_name: 7, caption: '' } },
    receiver_btn: direct('CANARY'),
  })
  expect(problemOf(response)).toEqual({
    type: '/docs#invalid_message',
    title: 'The message is not valid',
    status: 400,
    code: 'invalid_message',
    detail: expect.stringMatching(/^\/type: expected TEXT, or nothing; .*; and 4 more$/),
    request_id: response.headers['x-request-id'],
    errors: [
      { pointer: '/type', detail: 'expected TEXT, or nothing' },
      ...['/user_id', '/post_token', '/peer_id'].map((pointer) => ({
        pointer,
        detail: expect.stringMatching(/^expected a string of 1 to \d+ characters, or conversation_id in place of/),
      })),
      { pointer: '/message', detail: 'expected a text that is not blank' },
      { pointer: '/sender_btn/data/icon_name', detail: 'expected the name of an icon' },
      { pointer: '/sender_btn/data/extra_data', detail: 'expected an object' },
      { pointer: '/sender_btn/data/caption', detail: 'expected a text that is not blank' },
      {
        pointer: '/receiver_btn/data/direct_link',
        detail: expect.stringMatching(/^expected an absolute http\(s\) address/),
      },
    ],
  })
  expect(response.text).not.toContain('CANARY')
  await gateway.logged('message.refused')
  expect(gateway.output()).not.toContain('CANARY')
})

describe('the address', () => {
  test.each([
    ['missing', { message: 'm' }, ['/user_id', '/post_token', '/peer_id']],
    ['without user_id', { ...V1, user_id: undefined }, ['/user_id']],
    ['with an empty post_token', { ...V1, post_token: '' }, ['/post_token']],
    ['with a null peer_id', { ...V1, peer_id: null }, ['/peer_id']],
    ['with a null conversation_id', { message: 'm', conversation_id: null }, ['/user_id', '/post_token', '/peer_id']],
    ['with an id of 129 characters', { ...V1, peer_id: 'x'.repeat(129) }, ['/peer_id']],
    ['with a post_token of 65 characters', { ...V1, post_token: 'x'.repeat(65) }, ['/post_token']],
    ['of both wires', { ...TRIPLE, ...V2 }, ['/peer_id']],
    ['of both wires, one incomplete', { ...V2, peer_id: 'CANARY' }, ['/peer_id']],
    ['a number', { ...V2, conversation_id: 5 }, ['/conversation_id']],
    ['an empty conversation_id', { ...V2, conversation_id: '' }, ['/conversation_id']],
    ['a conversation_id of 129 characters', { ...V2, conversation_id: 'x'.repeat(129) }, ['/conversation_id']],
    ['.', { ...V2, conversation_id: '.' }, ['/conversation_id']],
    ['..', { ...V2, conversation_id: '..' }, ['/conversation_id']],
    ['.. behind a slash', { ...V2, conversation_id: 'c/../../x' }, ['/conversation_id']],
    ['with a user_id that is a number', { ...V2, user_id: 5 }, ['/user_id']],
    ['with an empty post_token on v2', { ...V2, post_token: '' }, ['/post_token']],
  ])('%s', async (_, body, pointers) => {
    expect(await refused(body)).toEqual(pointers)
  })

  test.each([
    ['another conversation', { ...V2, conversation_id: 'CANARY' }, '/conversation_id'],
    ['another case', { ...V2, conversation_id: 'C-1' }, '/conversation_id'],
    ['a v1 address', V1, '/peer_id'],
  ])('different in path and body: %s', async (_, body, pointer) => {
    expect(await refused(body, v2Path('c-1'))).toEqual([pointer])
  })

  test.each(['%2E%2E', '%2e', 'x'.repeat(129)])('in the path: %s', async (id) => {
    const before = gateway.divar.received.length
    const response = await send(gateway, { message: 'm' }, v2Path(id))
    expect([400, 404]).toContain(response.status)
    expect(gateway.divar.received).toHaveLength(before)
  })

  test.each(['/messages', V1_PATH])('missing in the path by %s', async (path) => {
    expect(await refused({ message: 'm' }, path)).toEqual(['/user_id', '/post_token', '/peer_id'])
  })
})

describe('the content', () => {
  const blank = [
    '',
    ' ',
    '\t\r\n',
    '\u00a0\u2003\u3000',
    '\u200c',
    '\u200b\u200d\ufeff',
    '\u200e\u202b\u2066 \u2069',
    '\u00ad',
  ]
  test.each([...blank, null, undefined, 5, ['m'], { text: 'm' }])('no text: %j', async (message) => {
    expect(await refused({ ...V1, message })).toEqual(['/message'])
    expect(await refused({ ...V2, message })).toEqual(['/message'])
  })

  test.each(['text', 'IMAGE', '', 5, false])('of type %j', async (type) => {
    expect(await refused({ ...V1, type })).toEqual(['/type'])
    expect(await refused({ ...V2, type })).toEqual(['/type'])
  })

  test.each([
    ['both text and media', { ...V2, media_token: 'CANARY' }, ['/message']],
    ['media and a blank text', { ...V2, message: ' ', media_token: 'm' }, ['/message']],
    ['media that is not a string', { conversation_id: 'c', media_token: 5 }, ['/media_token']],
    ['media of 1025 characters', { conversation_id: 'c', media_token: 'x'.repeat(1025) }, ['/media_token']],
    ['media on v1', { ...TRIPLE, media_token: 'CANARY' }, ['/media_token']],
    ['neither text nor media', { conversation_id: 'c', message: '', media_token: '' }, ['/message']],
    ['an unknown value of delivery', { ...V1, delivery: 'exactly-once' }, ['/delivery']],
  ])('%s', async (_, body, pointers) => {
    expect(await refused(body)).toEqual(expect.arrayContaining(pointers))
  })
})

describe('a button of v1', () => {
  test.each([
    ['that is a string', 'CANARY', ''],
    ['that is a list', [link], ''],
    ['without an action', { data: link.data }, '/action'],
    ['with an unknown action', { ...link, action: 'CANARY' }, '/action'],
    ['with an action in lower case', { ...link, action: 'link' }, '/action'],
    ['without data', { action: 'LINK' }, '/data'],
    [
      'LINK without extra_data',
      { action: 'LINK', data: { direct_link: 'https://a.example/', caption: 'c' } },
      '/data/extra_data',
    ],
    [
      'LINK with extra_data that is null',
      { action: 'LINK', data: { extra_data: null, caption: 'c' } },
      '/data/extra_data',
    ],
    [
      'LINK with extra_data that is a list',
      { action: 'LINK', data: { extra_data: [], caption: 'c' } },
      '/data/extra_data',
    ],
    ['without a caption', { action: 'LINK', data: { extra_data: {} } }, '/data/caption'],
    ['with a blank caption', { action: 'LINK', data: { extra_data: {}, caption: ' \u200c' } }, '/data/caption'],
    ['with an icon that is a number', { action: 'LINK', data: { ...link.data, icon_name: 5 } }, '/data/icon_name'],
    [
      'with an icon of 129 letters',
      { action: 'LINK', data: { ...link.data, icon_name: 'X'.repeat(129) } },
      '/data/icon_name',
    ],
  ])('%s', async (_, sender_btn, pointer) => {
    expect(await refused({ ...V1, sender_btn })).toEqual([`/sender_btn${pointer}`])
    expect(await refused({ ...V2, receiver_btn: sender_btn })).toEqual([`/receiver_btn${pointer}`])
  })

  test.each([
    undefined,
    null,
    5,
    '',
    'CANARY',
    '/CANARY',
    '//a.example/CANARY',
    'javascript:alert("CANARY")',
    'data:text/html,CANARY',
    'ftp://a.example/CANARY',
    'divar://CANARY',
    'https:a.example',
    'https:///a.example',
    'https://',
    'https://user:CANARY@a.example/',
    ' https://a.example/',
    'https://a.example/ CANARY',
    'https://a.example/\nCANARY',
    'https://a.example\\@CANARY',
    `https://a.example/${'x'.repeat(4096)}`,
  ])('with the direct link %j', async (address) => {
    expect(await refused({ ...V1, receiver_btn: direct(address) })).toEqual(['/receiver_btn/data/direct_link'])
    const grid = gridOf({ action: { open_direct_link: address ?? '' }, caption: 'c' })
    expect(await refused({ ...V2, receiver_buttons: grid })).toEqual([
      '/receiver_buttons/rows/0/buttons/0/action/open_direct_link',
    ])
  })

  test('together with a grid for the same side', async () => {
    const both = { sender_btn: link, sender_buttons: gridOf(button) }
    expect(await refused({ ...V2, ...both })).toEqual(['/sender_btn'])
    expect(await refused({ ...V1, ...both })).toContain('/sender_btn')
  })
})
