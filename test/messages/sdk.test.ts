import { beforeAll, describe, expect, test } from '@jest/globals'
import { KEYS, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { TRIPLE, V1_PATH, v2Path } from '../support/messages.ts'
import { parseJson, rawRequest, sendRaw, type Json } from '../support/requests.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway()
})

/** What a client writes to its socket, to the byte, and what then reached Divar. */
async function clientSends(
  path: string,
  head: string[],
  body: string,
): Promise<{ status: string; path: string; json: Json }> {
  const before = gateway.divar.received.length
  const request = rawRequest(path, [`Host: 127.0.0.1:${gateway.port}`, ...head], body)
  const answer = await sendRaw(gateway.port, request, (text) => text.endsWith('}'))
  const [arrived, ...others] = gateway.divar.received.slice(before)
  expect(others).toEqual([])
  return { status: answer.slice(9, 12), path: arrived?.path ?? '', json: arrived ? parseJson(arrived.body) : {} }
}

const python = [
  'Accept-Encoding: identity',
  'Accept: application/json',
  'Content-Type: application/json',
  `X-API-Key: ${KEYS.caller}`,
  `Authorization: Bearer ${KEYS.token}`,
  'User-Agent: OpenAPI-Generator/1.0.0/python',
]
const javascript = [
  `x-api-key: ${KEYS.caller}`,
  `authorization: Bearer ${KEYS.token}`,
  'content-type: application/json',
  'accept: application/json, text/plain, */*',
  'accept-language: *',
  'sec-fetch-mode: cors',
  'user-agent: node',
  'accept-encoding: gzip, deflate, br',
  'Connection: close',
]
const go = [
  'User-Agent: OpenAPI-Generator/1.0.0/go',
  'Accept: application/json',
  `Authorization: Bearer ${KEYS.token}`,
  'Content-Type: application/json',
  `X-Api-Key: ${KEYS.caller}`,
  'Accept-Encoding: gzip',
]
const older = [
  'User-Agent: python-requests/2.31.0',
  'Accept-Encoding: gzip, deflate',
  'Accept: */*',
  'Connection: keep-alive',
  `x-api-key: ${KEYS.caller}`,
  `x-access-token: ${KEYS.token}`,
  'Content-Type: application/json',
]

const action = { open_server_link: { data: { پاسخ: 'بله' } } }
const V2_CONTENT = { message: 'سلام 👋', sender_buttons: { rows: [{ buttons: [{ action, caption: 'می‌پذیرم' }] }] } }
const V1_BODY = {
  ...TRIPLE,
  type: 'TEXT',
  message: 'سلام 👋',
  sender_btn: { action: 'LINK', data: { icon_name: 'INFO', extra_data: { پاسخ: 'بله' }, caption: 'می‌پذیرم' } },
}

/** As Python's json.dumps writes it. */
function escaped(json: string): string {
  return json.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

describe('the generated SDKs work with the gateway as their host', () => {
  test.each([
    ['Python', python],
    ['JavaScript', javascript],
    ['Go', go],
  ])('%s, in raw UTF-8 or escaped', async (_, head) => {
    const json = JSON.stringify(V2_CONTENT)
    expect(escaped(json)).not.toMatch(/[^\0-\x7f]/)
    for (const body of [json, escaped(json), JSON.stringify(V2_CONTENT, undefined, 2)]) {
      expect(await clientSends(v2Path('c-1'), head, body)).toEqual({
        status: '200',
        path: v2Path('c-1'),
        json: V2_CONTENT,
      })
    }
  })

  test('with every member of their models, null if not set', async () => {
    const actions = {
      open_direct_link: null,
      open_server_link: action.open_server_link,
      get_dynamic_action: null,
      open_post_page: null,
      open_post_manage_page: null,
    }
    const button = { action: actions, icon: null, icon_name: null, caption: 'می‌پذیرم' }
    const body = {
      type: 'TEXT',
      message: 'سلام 👋',
      media_token: null,
      sender_buttons: { rows: [{ buttons: [button] }] },
      receiver_buttons: null,
    }
    expect((await clientSends(v2Path('c-1'), python, JSON.stringify(body))).json).toEqual(V2_CONTENT)
  })

  test.each([
    ['Python and JavaScript', 'a%3D%2F%2B%25%20b'],
    ['Go', 'a=%2F+%25%20b'],
    ['in lower-case hexadecimal', 'a%3d%2f%2b%25%20b'],
    ['with letters that need no encoding', '%61%3D%2F%2B%25%20%62'],
  ])('an id percent-encoded by %s is the same conversation', async (_, encoded) => {
    const { status, path } = await clientSends(v2Path(encoded), python, '{"message":"m"}')
    expect({ status, path }).toEqual({ status: '200', path: v2Path('a%3D%2F%2B%25%20b') })
  })

  test('a malformed path is refused', async () => {
    expect(await clientSends(v2Path('%zz'), python, '{"message":"m"}')).toEqual({ status: '400', path: '', json: {} })
  })

  test('none of their own headers reaches Divar', async () => {
    await clientSends(v2Path('c-1'), [...javascript, 'Cookie: a=b', 'X-Forwarded-For: 10.0.0.1'], '{"message":"m"}')
    expect(Object.keys(gateway.divar.received.at(-1)?.headers ?? {}).sort()).toEqual([
      'accept-encoding',
      'authorization',
      'connection',
      'content-length',
      'content-type',
      'host',
      'traceparent',
      'user-agent',
      'x-api-key',
    ])
    expect(gateway.divar.received.at(-1)?.headers['user-agent']).toMatch(/^kenar-chat-gateway\/\d/)
  })
})

describe('the older Python client works with the gateway as its host', () => {
  test('in raw UTF-8 or escaped', async () => {
    const json = JSON.stringify(V1_BODY)
    for (const body of [json, escaped(json)]) {
      expect(await clientSends(V1_PATH, older, body)).toEqual({ status: '200', path: V1_PATH, json: V1_BODY })
    }
  })

  test('with both direct_link and extra_data, for any action', async () => {
    const { action, data } = V1_BODY.sender_btn
    const body = { ...V1_BODY, sender_btn: { action, data: { ...data, direct_link: '' } }, receiver_btn: null }
    expect((await clientSends(V1_PATH, older, JSON.stringify(body))).json).toEqual(V1_BODY)
  })

  test('each of its retries is a separate send', async () => {
    const before = gateway.divar.received.length
    for (let time = 0; time < 4; time += 1) {
      gateway.divar.misbehave({ kind: 'answer', status: 503 })
      expect((await clientSends(V1_PATH, older, JSON.stringify(V1_BODY))).status).toBe('502')
    }
    expect(gateway.divar.received).toHaveLength(before + 4)
  })
})
