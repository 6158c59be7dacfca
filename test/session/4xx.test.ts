import { beforeAll, describe, expect, test } from '@jest/globals'
import supertest from 'supertest'
import { KEYS, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { click, CLICK, rawClick, sendRaw } from '../support/requests.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway()
})

const refusal = (status: number, message: unknown) => ({ status: String(status), message, url: '' })

describe('400: the click cannot be read', () => {
  test('every fault is named with what was expected, and no value is echoed', async () => {
    const response = await click(gateway, { post_token: 'CANARY'.repeat(20), user_id: 5, peer_id: 'q' })
    expect(response.status).toBe(400)
    expect(response.body).toEqual(
      refusal(
        400,
        '/post_token: expected a string of 1 to 64 characters; /user_id: expected a string of 1 to 128 characters',
      ),
    )
  })

  test.each(['3', '0', 'v2', '2, 2', '1.0'])('version %j: says which are spoken', async (version) => {
    const response = await click(gateway, CLICK, version)
    expect(response.body).toEqual(refusal(400, 'API-Version: expected 1, 2 or no such header (1)'))
  })

  test('two version headers that differ', async () => {
    const response = await click(gateway, CLICK, '1').set('api_version', '2')
    expect(response.status).toBe(400)
  })

  test.each([
    ['nothing', '', 'body: expected JSON, found nothing'],
    ['half an object', '{"post_token":', /^body: expected well-formed JSON/],
    ['a word', 'CANARY', /^body: expected well-formed JSON/],
    ['NaN', '{"a":NaN}', /^body: expected well-formed JSON/],
    ['a list', '[]', 'body: expected a JSON object'],
    ['null', 'null', 'body: expected a JSON object'],
    ['a NUL in a string', '{"post_token":"\\u0000"}', 'body: a string holds a NUL character'],
    ['a NUL in a key', '{"\\u0000":1}', 'body: a string holds a NUL character'],
    ['half a surrogate pair', '{"post_token":"\\ud800"}', 'body: a string holds half of a surrogate pair'],
    ['half a surrogate pair in a key', '{"a":{"\\udc00":1}}', 'body: a string holds half of a surrogate pair'],
    ['65 levels', `${'{"a":'.repeat(65)}1${'}'.repeat(65)}`, 'body: expected at most 64 levels of nesting'],
    ['10,000 levels', '['.repeat(10_000) + ']'.repeat(10_000), 'body: expected at most 64 levels of nesting'],
    ['a number past all bounds', '{"a":1e999}', 'body: a number is too large'],
  ])('a body of %s', async (_, body, message) => {
    const response = await click(gateway, body)
    expect(response.status).toBe(400)
    expect(response.body).toEqual(refusal(400, typeof message === 'string' ? message : expect.stringMatching(message)))
    expect(response.text).not.toContain('CANARY')
  })

  test.each([
    ['a lone continuation byte', [0x22, 0x80, 0x22]],
    ['an overlong slash', [0x22, 0xc0, 0xaf, 0x22]],
    ['a surrogate in UTF-8', [0x22, 0xed, 0xa0, 0x80, 0x22]],
  ])('bytes that are no UTF-8: %s', async (_, bytes) => {
    const answer = await sendRaw(gateway.port, rawClick(Buffer.from(bytes)))
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(answer).toContain('body: expected UTF-8')
  })
})

describe('401: whoever calls is not Divar', () => {
  const wrong = [
    undefined,
    '',
    'x',
    KEYS.caller,
    `Bearer ${KEYS.identification}`,
    `${KEYS.identification}x`,
    KEYS.identification.slice(1),
  ]

  test.each(wrong)('with the key %j, in the same words whatever the key', async (key) => {
    const request = supertest(gateway.url).post('/divar/session').set('content-type', 'application/json')
    if (key !== undefined) void request.set('authorization', key)
    const response = await request.send(CLICK)
    expect(response.status).toBe(401)
    expect(response.body).toEqual(
      refusal(401, 'authorization: expected the Divar identification key, raw, as set in the developer panel'),
    )
  })

  test('comes before anything of the body or of other headers is looked at', async () => {
    const response = await supertest(gateway.url)
      .post('/divar/session')
      .set('authorization', 'wrong')
      .set('content-type', 'text/plain')
      .set('api-version', '99')
      .send('{')
    expect(response.status).toBe(401)
    // Not a byte of the promised body was sent, and the answer is there.
    const head = `POST /divar/session HTTP/1.1\r\nhost: x\r\nauthorization: wrong\r\ncontent-length: 10\r\n\r\n`
    expect(await sendRaw(gateway.port, head, (text) => text.includes('}'))).toMatch(/^HTTP\/1\.1 401 /)
  })

  test('blanks around the key do not count', async () => {
    expect((await click(gateway, CLICK).set('authorization', `  ${KEYS.identification} `)).status).toBe(200)
  })
})

describe('405, 413, 415', () => {
  test.each(['get', 'put', 'delete', 'patch', 'options'] as const)('405: %s', async (method) => {
    const response = await supertest(gateway.url)[method]('/divar/session')
    expect(response.status).toBe(405)
    expect(response.headers['allow']).toBe('POST')
    expect(response.body).toEqual(refusal(405, 'method: expected POST'))
  })

  test('413: 100 KiB and one byte, told or found out', async () => {
    const body = `"${'x'.repeat(100 * 1024 - 1)}"`
    expect(Buffer.byteLength(body)).toBe(100 * 1024 + 1)
    const told = await click(gateway, body)
    expect(told.body).toEqual(refusal(413, 'body: expected at most 102400 bytes'))
    const chunked = `POST /divar/session HTTP/1.1\r\nhost: x\r\nauthorization: ${KEYS.identification}\r\ncontent-type: application/json\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n${(100 * 1024 + 1).toString(16)}\r\n${body}\r\n0\r\n\r\n`
    const found = await sendRaw(gateway.port, Buffer.from(chunked, 'latin1'))
    expect(found).toMatch(/^HTTP\/1\.1 413 /)
  })

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json; charset=windows-1256',
    'application/jsonx',
    '',
  ])('415: content-type %j', async (type) => {
    const response = await click(gateway, CLICK).set('content-type', type)
    expect(response.status).toBe(415)
    expect(response.body).toEqual(refusal(415, 'content-type: expected application/json in UTF-8'))
  })

  test('415: a compressed body', async () => {
    const response = await click(gateway, CLICK).set('content-encoding', 'gzip')
    expect(response.body).toMatchObject({ status: '415' })
  })

  test.each(['application/json; charset=utf-8', 'Application/JSON;charset="UTF8"'])('%s is JSON', async (type) => {
    expect((await click(gateway, CLICK).set('content-type', type)).status).toBe(200)
  })
})

describe('what two servers could read differently is refused', () => {
  test.each([
    ['two Host headers', 'POST /divar/session HTTP/1.1\r\nhost: a\r\nhost: b\r\n'],
    ['two keys', 'POST /divar/session HTTP/1.1\r\nhost: a\r\nauthorization: a\r\nauthorization: b\r\n'],
    ['an absolute target', 'POST http://a/divar/session HTTP/1.1\r\nhost: a\r\n'],
    ['101 headers', `POST /divar/session HTTP/1.1\r\nhost: a\r\n${'a: b\r\n'.repeat(100)}`],
    ['no Host', 'POST /divar/session HTTP/1.1\r\n'],
    ['lengths that differ', 'POST /divar/session HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n'],
    [
      'a length and chunks',
      'POST /divar/session HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n',
    ],
    ['17 KiB of headers', `POST /divar/session HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(17 * 1024)}\r\n`],
  ])('%s', async (_, head) => {
    const answer = await sendRaw(gateway.port, `${head}connection: close\r\n\r\n`)
    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /)
    expect(answer).not.toContain('"url":"http')
  })
})
