import { beforeAll, describe, expect, test } from '@jest/globals'
import supertest from 'supertest'
import { KEYS, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { MALFORMED_BODIES, NOT_UTF8 } from '../support/malformed-bodies.ts'
import { problemOf, V1, V2, v2Path } from '../support/messages.ts'
import { rawSend, send, sendRaw } from '../support/requests.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway()
})

describe('400: the body cannot be read', () => {
  test.each(MALFORMED_BODIES)('%s', async (_, body, detail) => {
    const response = await send(gateway, body)
    expect(problemOf(response)).toMatchObject({
      status: 400,
      code: 'malformed_request',
      detail: typeof detail === 'string' ? detail : expect.stringMatching(detail),
    })
    expect(response.text).not.toContain('CANARY')
  })

  test.each(['[]', 'null', '"CANARY"', '5', 'true'])('%s is not a message', async (body) => {
    const response = await send(gateway, body)
    expect(problemOf(response)).toMatchObject({ code: 'invalid_message', detail: 'body: expected a JSON object' })
    expect(response.text).not.toContain('CANARY')
  })

  test.each(NOT_UTF8)('bytes that are not UTF-8: %s', async (_, bytes) => {
    const answer = await sendRaw(gateway.port, rawSend(Buffer.from(bytes)))
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(answer).toContain('body: expected UTF-8')
  })

  test('of duplicate keys the last wins', async () => {
    await send(gateway, '{"conversation_id":"c","message":"first","message":"last"}')
    expect(gateway.divar.received.at(-1)?.body).toBe('{"message":"last"}')
  })
})

describe('400: the path cannot be read', () => {
  test.each(['%zz', '%', '%e0%a4', '%ff', '%c0%af', 'a%'])('%s is not percent-encoded UTF-8', async (id) => {
    const answer = await sendRaw(
      gateway.port,
      `POST ${v2Path(id)} HTTP/1.1\r\nhost: x\r\nx-api-key: ${KEYS.caller}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`,
    )
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(answer).toContain('"code":"malformed_request"')
  })

  test('a NUL in the path is refused as in a body', async () => {
    const before = gateway.divar.received.length
    expect((await send(gateway, { message: 'm' }, v2Path('a%00b'))).status).toBe(400)
    expect(gateway.divar.received).toHaveLength(before)
  })
})

describe("400: the user's token cannot be sent on", () => {
  const headers: [string, string[]][] = [
    ['two that differ', ['x-access-token: CANARY-1', 'authorization: Bearer CANARY-2']],
    ['two in one name', ['x-access-token: CANARY-1', 'x-access-token: CANARY-2']],
    ['a blank in it', ['x-access-token: CANARY 1']],
    ['a blank in the bearer', ['authorization: Bearer CANARY 1']],
    ['a Persian letter', ['x-access-token: CANARY-ت']],
    ['a control character', ['x-access-token: CANARY\t1']],
    ['4097 characters', [`x-access-token: CANARY${'x'.repeat(4091)}`]],
  ]
  test.each(headers)('%s', async (_, head) => {
    const before = gateway.divar.received.length
    const answer = await sendRaw(gateway.port, rawSend(JSON.stringify(V1), head))
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(answer).toContain('"code":"malformed_request"')
    expect(answer).not.toContain('CANARY')
    expect(gateway.divar.received).toHaveLength(before)
  })

  test('a token of 4096 characters is accepted', async () => {
    const token = 'x'.repeat(4096)
    expect((await send(gateway, V1).set('x-access-token', token)).status).toBe(200)
    expect(gateway.divar.received.at(-1)?.headers['x-access-token']).toBe(token)
  })
})

describe('413, 415', () => {
  const text = (bytes: number) => {
    const empty = JSON.stringify({ ...V2, message: '' })
    return empty.replace('"message":""', `"message":"${'x'.repeat(bytes - empty.length)}"`)
  }

  test('100 KiB are accepted, and one byte more is 413', async () => {
    expect(Buffer.byteLength(text(100 * 1024))).toBe(100 * 1024)
    expect((await send(gateway, text(100 * 1024))).status).toBe(200)
    const response = await send(gateway, text(100 * 1024 + 1))
    expect(problemOf(response)).toMatchObject({
      status: 413,
      code: 'body_too_large',
      detail: 'body: expected at most 102400 bytes',
    })
  })

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=windows-1256', ''])(
    'content-type %j is 415',
    async (type) => {
      const response = await send(gateway, V1).set('content-type', type)
      expect(problemOf(response)).toMatchObject({ status: 415, code: 'unsupported_media_type' })
    },
  )

  test('a compressed body is 415', async () => {
    const response = await send(gateway, V1).set('content-encoding', 'gzip')
    expect(problemOf(response)).toMatchObject({ status: 415, code: 'unsupported_media_type' })
  })

  test.each(['application/json; charset=utf-8', 'Application/JSON;charset="UTF8"'])('%s is JSON', async (type) => {
    expect((await send(gateway, V1).set('content-type', type)).status).toBe(200)
  })
})

test('a well-formed x-request-id is kept in the problem', async () => {
  const response = await supertest(gateway.internalUrl)
    .post('/messages')
    .set('x-api-key', KEYS.caller)
    .set('x-request-id', 'abc-123')
    .send({})
  expect(problemOf(response).request_id).toBe('abc-123')
})
