import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { ADDED, LEFT_OUT } from '../../scripts/platform/corrections.ts'
import { OPERATIONS, type Operation } from '../../src/platform/operations.ts'
import { KEYS, type TestGateway } from '../support/gateway.ts'
import { allowedBy, pathOf, problemIn, startAnyDivar, startWithGrants } from '../support/platform.ts'
import { sendRaw } from '../support/requests.ts'

/** Values as they occur, with every character that the clients encode in their own way. */
const VALUES: Readonly<Record<string, string>> = {
  divar_user_id: '6GqmD76d/e5NpJySqnBX8+Tpt6uVtzqaNTNJU1ettI=',
  conversation_id: 'a=/+% b',
  phone: '09351112233',
}
const valueOf = (name: string) => VALUES[name] ?? `${name}-1`
const USER = valueOf('divar_user_id')

/** What a generated client writes, to the byte: its headers, and how it encodes a path parameter. */
type Client = { head: readonly string[]; encode: (value: string) => string; json: (body: object) => string }

const javascript: Client = {
  head: [
    'accept: application/json',
    'content-type: application/json',
    'accept-encoding: gzip, deflate, br',
    'user-agent: OpenAPI-Generator/0.302.0/Javascript',
    'accept-language: *',
    'sec-fetch-mode: cors',
  ],
  encode: encodeURIComponent,
  json: (body) => JSON.stringify(body),
}
const python: Client = {
  head: ['Accept-Encoding: identity', 'Accept: application/json', 'User-Agent: OpenAPI-Generator/1.0.0/python'],
  // urllib.parse.quote with nothing safe.
  encode: (value) => encodeURIComponent(value).replace(/[!'()*]/g, hex),
  json: (body) =>
    JSON.stringify(body).replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
}
const php: Client = {
  head: ['User-Agent: OpenAPI-Generator/1.0.0/PHP', 'Accept: application/json'],
  // rawurlencode.
  encode: (value) => encodeURIComponent(value).replace(/[!'()*]/g, hex),
  json: (body) => JSON.stringify(body).replaceAll('/', '\\/'),
}
const CLIENTS: [string, Client][] = [
  ['JavaScript', javascript],
  ['Python', python],
  ['PHP', php],
]

function hex(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`
}

const DELIVERED = { status: 200, message: 'success', id: expect.stringMatching(/^msg_/) }
const IN_NAME_OF_USER = [`Authorization: Bearer ${KEYS.token}`]
/** Operations that are routes of the gateway: what a client sends, more headers, and the answer. */
const OWN_ROUTES: [string, object, string[], object][] = [
  ['/v2/open-platform/conversations/{conversation_id}/messages', { message: 'سلام a/b' }, IN_NAME_OF_USER, DELIVERED],
  [
    '/v1/open-platform/chat/bot/conversations/{conversation_id}/messages',
    { text_message: 'سلام a/b' },
    [],
    { ...DELIVERED, conversation_id: 'b-1' },
  ],
  [
    '/v1/open-platform/chat/bot/users/{user_id}/messages',
    { text_message: 'سلام a/b' },
    IN_NAME_OF_USER,
    { ...DELIVERED, conversation_id: 'b-1' },
  ],
  [
    '/v1/open-platform/events/subscriptions',
    { event_type: 'POST_UPDATE', event_resource_id: 'AZf3Uqr3', metadata: { a: 'b/c' } },
    IN_NAME_OF_USER,
    {},
  ],
]

test('the SDKs are tried with every operation: 56 that are published and one of older SDKs, and four with routes of their own', () => {
  expect(OPERATIONS.length - ADDED.length).toBe(56)
  expect(OWN_ROUTES.map(([path]) => `POST ${path}`).toSorted()).toEqual([...LEFT_OUT].toSorted())
})

const BODY = { title: 'دوچرخهٔ سالم', url: 'https://app.example.com/a', price: 1.5, more: null }

let divar: Awaited<ReturnType<typeof startAnyDivar>>
let gateway: TestGateway
/** One user who has granted every scope of the table, for the resources of VALUES. */
beforeAll(async () => {
  const scopes = OPERATIONS.flatMap((operation) =>
    operation.scopes.map((scope) => scope.replace(/\{(\w+)\}/, (_, name: string) => valueOf(name))),
  )
  const started = await startWithGrants([{ userId: USER, scopes: [...new Set(scopes)], accessToken: 'ory_at_granted' }])
  ;({ divar, gateway } = started)
})
beforeEach(() => {
  divar.received.length = 0
  divar.answerWith()
})

/** Whether the client has to name the user in a default header, since neither path nor scope does. */
function needsUser({ scopes, user }: Operation): boolean {
  return user === undefined && scopes.length > 0 && !scopes.some((scope) => scope.includes('{'))
}

async function clientCalls(client: Client, operation: Operation, more: readonly string[] = [], content: object = BODY) {
  const { method, path, body } = operation
  const target = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => client.encode(valueOf(name)))
  const sent = body ? client.json(content) : operation.name === 'Finder_PostUser' ? '{}' : undefined
  const head = [
    `${method} ${target} HTTP/1.1`,
    `Host: 127.0.0.1:${gateway.port}`,
    ...client.head.filter((line) => sent === undefined || !/^content-type/i.test(line)),
    ...(sent === undefined ? [] : ['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(sent)}`]),
    `X-API-Key: ${KEYS.caller}`,
    ...more,
    'Connection: close',
  ]
  const text = Buffer.from(
    await sendRaw(gateway.port, `${head.join('\r\n')}\r\n\r\n${sent ?? ''}`),
    'latin1',
  ).toString()
  return { status: Number(text.slice(9, 12)), body: text.slice(text.indexOf('\r\n\r\n') + 4), sent: sent ?? '' }
}

describe.each(CLIENTS)('the generated %s SDK works with the gateway as its host, without a token', (_, client) => {
  test.each(OPERATIONS.map((operation) => [operation.name, operation] as const))('%s', async (_name, operation) => {
    const more = needsUser(operation) ? [`x-divar-user-id: ${USER}`] : []
    const { status, body, sent } = await clientCalls(client, operation, more)
    expect([status, body]).toEqual([200, '{"ok":true}'])
    expect(divar.received).toHaveLength(1)
    expect(divar.received[0]).toMatchObject({
      method: operation.method,
      path: pathOf(operation, valueOf),
      body: sent,
      headers: { 'x-api-key': KEYS.divarApi },
    })
    const expected = operation.scopes.length === 0 ? undefined : 'ory_at_granted'
    expect(divar.received.map(allowedBy)).toEqual([expected])
  })

  test.each(OWN_ROUTES)('%s', async (path, body, more, expected) => {
    divar.answerWith(() => ({ body: '{"conversation_id":"b-1"}' }))
    const operation: Operation = { name: path, method: 'POST', path, scopes: [], body: true }
    const { status, body: answer } = await clientCalls(client, operation, more, body)
    expect([status, JSON.parse(answer)]).toEqual([200, expected])
    expect(divar.received).toMatchObject([
      { method: 'POST', path: pathOf(operation, valueOf), headers: { 'x-api-key': KEYS.divarApi } },
    ])
    expect(JSON.parse(String(divar.received[0]?.body))).toEqual(body)
  })

  test("reads the gateway's errors", async () => {
    const operation = OPERATIONS.find(needsUser)
    if (operation === undefined) throw new Error('expected an operation that needs a user')
    const { status, body } = await clientCalls(client, operation)
    expect([status, problemIn(body)]).toMatchObject([400, { number: 3, code: 'user_required' }])
  })

  test("reads Divar's errors", async () => {
    const error = '{"code":5,"message":"پیدا نشد","details":[]}'
    divar.answerWith(() => ({ status: 404, body: error }))
    for (const operation of OPERATIONS.filter((one) => !needsUser(one)).slice(0, 3)) {
      expect(await clientCalls(client, operation)).toMatchObject({ status: 404, body: error })
    }
  })
})
