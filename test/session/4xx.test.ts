import { beforeAll, describe, expect, test } from '@jest/globals'
import supertest from 'supertest'
import { KEYS, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { MALFORMED_BODIES, NOT_UTF8 } from '../support/malformed-bodies.ts'
import { click, CLICK, rawClick, sendRaw } from '../support/requests.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway()
})

const refusal = (status: number, message: unknown) => ({ status: String(status), message, url: '' })

describe('400: the click cannot be read', () => {
  test('every error is named with what was expected, and no value is repeated', async () => {
    const response = await click(gateway, { post_token: 'CANARY'.repeat(20), user_id: 5, peer_id: 'q' })
    expect(response.status).toBe(400)
    expect(response.body).toEqual(
      refusal(
        400,
        '/post_token: expected a string of 1 to 64 characters; /user_id: expected a string of 1 to 128 characters',
      ),
    )
  })

  test.each(['3', '0', 'v2', '2, 2', '1.0'])('version %j: the answer lists the supported versions', async (version) => {
    const response = await click(gateway, CLICK, version)
    expect(response.body).toEqual(refusal(400, 'API-Version: expected 1, 2 or no such header (1)'))
  })

  test('two version headers that differ', async () => {
    const response = await click(gateway, CLICK, '1').set('api_version', '2')
    expect(response.status).toBe(400)
  })

  test.each([
    ...MALFORMED_BODIES,
    ['a list', '[]', 'body: expected a JSON object'],
    ['null', 'null', 'body: expected a JSON object'],
  ])('a body of %s', async (_, body, message) => {
    const response = await click(gateway, body)
    expect(response.status).toBe(400)
    expect(response.body).toEqual(refusal(400, typeof message === 'string' ? message : expect.stringMatching(message)))
    expect(response.text).not.toContain('CANARY')
  })

  test.each(NOT_UTF8)('bytes that are not UTF-8: %s', async (_, bytes) => {
    const answer = await sendRaw(gateway.port, rawClick(Buffer.from(bytes)))
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(answer).toContain('body: expected UTF-8')
  })
})

describe('401: the caller is not Divar', () => {
  const wrong = [
    undefined,
    '',
    'x',
    KEYS.caller,
    `Bearer ${KEYS.identification}`,
    `${KEYS.identification}x`,
    KEYS.identification.slice(1),
  ]

  test.each(wrong)('with the key %j, in the same words for any key', async (key) => {
    const request = supertest(gateway.url).post('/divar/session').set('content-type', 'application/json')
    if (key !== undefined) void request.set('authorization', key)
    const response = await request.send(CLICK)
    expect(response.status).toBe(401)
    expect(response.body).toEqual(
      refusal(401, 'authorization: expected the Divar identification key, raw, as set in the developer panel'),
    )
  })

  test('is answered before the body and other headers are read', async () => {
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

  test('whitespace around the key is ignored', async () => {
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

  test('413: one byte over 100 KiB, with and without a content-length', async () => {
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

describe('a request that two servers could read differently is refused', () => {
  const body = JSON.stringify(CLICK)
  const valid = (target: string, ...headers: string[]) =>
    [
      `POST ${target} HTTP/1.1`,
      `authorization: ${KEYS.identification}`,
      'content-type: application/json',
      'connection: close',
      ...headers,
      '',
      body,
    ].join('\r\n')
  const path = '/divar/session'
  const length = `content-length: ${body.length}`

  test('while the same request without the ambiguity is answered', async () => {
    expect(await sendRaw(gateway.port, valid(path, 'host: a', length))).toMatch(/^HTTP\/1\.1 200 /)
  })

  test('also with the same key twice, which some proxies join', async () => {
    const twice = valid(path, 'host: a', `Authorization: ${KEYS.identification}`, length)
    expect(await sendRaw(gateway.port, twice)).toMatch(/^HTTP\/1\.1 200 /)
  })

  test.each([
    ['two Host headers', valid(path, 'host: a', 'Host: b', length), 'host: expected this header once'],
    ['two keys', valid(path, 'host: a', 'Authorization: b', length), 'authorization: expected one value'],
    ['an absolute target', valid(`http://a${path}`, 'host: a', length), 'target: expected a path that begins with /'],
    [
      '101 headers',
      valid(path, 'host: a', ...Array.from({ length: 97 }, () => 'a: b'), length),
      'headers: expected at most 100',
    ],
    [
      'chunks under HTTP/1.0',
      valid(path, 'host: a', 'transfer-encoding: chunked')
        .replace('HTTP/1.1', 'HTTP/1.0')
        .replace(body, `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`),
      'transfer-encoding: expected HTTP/1.1',
    ],
    [
      'chunks of another coding',
      valid(path, 'host: a', 'transfer-encoding: gzip, chunked').replace(
        body,
        `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
      ),
      'transfer-encoding: expected chunked alone',
    ],
    ['an expectation', valid(path, 'host: a', 'expect: 200-nope', length), 'expect: expected 100-continue'],
  ])('%s: with the three keys, and the connection ends', async (_, request, message) => {
    // Nothing of ours asks for the end, and what comes behind is not answered.
    const kept = request.replace('connection: close\r\n', '')
    const answer = await sendRaw(gateway.port, kept + valid(path, 'host: a', length))
    expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1)
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(answer.split('\r\n\r\n')[1]).toBe(JSON.stringify(refusal(400, message)))
  })

  test.each([
    ['no Host', valid(path, length)],
    ['different lengths', valid(path, 'host: a', length, 'content-length: 1')],
    ['a length and chunks', valid(path, 'host: a', length, 'transfer-encoding: chunked')],
    ['17 KiB of headers', valid(path, 'host: a', `x: ${'y'.repeat(17 * 1024)}`, length)],
    ['a header folded over two lines', valid(path, 'host: a', 'x: y', ' z', length)],
  ])('%s: by Node, before routing', async (_, request) => {
    expect(await sendRaw(gateway.port, request)).toMatch(/^HTTP\/1\.1 4(?:00|31) /)
  })
})
