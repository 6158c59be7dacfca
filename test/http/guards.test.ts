import { request, type IncomingMessage } from 'node:http'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { startConsentGateway } from '../support/consent.ts'
import { KEYS, type TestGateway } from '../support/gateway.ts'

const DATA = [
  'cache-control: no-store',
  "content-security-policy: default-src 'none';frame-ancestors 'none'",
  'cross-origin-resource-policy: same-origin',
  'referrer-policy: no-referrer',
  'strict-transport-security: max-age=31536000; includeSubDomains',
  'x-content-type-options: nosniff',
]
const DOCUMENTS = [
  ...DATA,
  'cross-origin-opener-policy: same-origin',
  'origin-agent-cluster: ?1',
  'x-dns-prefetch-control: off',
  'x-download-options: noopen',
  'x-frame-options: SAMEORIGIN',
  'x-permitted-cross-domain-policies: none',
  'x-xss-protection: 0',
].sort()
const FRAMED = DOCUMENTS.filter((line) => !/^x-frame-options|^content-security-policy/.test(line))
const MANY = Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`x-${index}`, '']))
/** What says something of one answer alone. */
const OF_ONE_ANSWER =
  /^(?:allow|connection|content-length|content-type|date|keep-alive|location|retry-after|set-cookie|transfer-encoding|vary|x-request-id)$/

/** The guards of an answer as they came, one by one, so that one that comes twice shows. */
async function guardsOf(
  method: string,
  url: string,
  headers: Record<string, string> = {},
  body = '',
): Promise<string[]> {
  const { rawHeaders } = await new Promise<IncomingMessage>((resolve, reject) => {
    request(url, { method, headers, agent: false })
      .on('response', (answer) => {
        resolve(answer.resume())
      })
      .on('error', reject)
      .end(body)
  })
  const lines: string[] = []
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? ''
    if (!OF_ONE_ANSWER.test(name)) lines.push(`${name}: ${rawHeaders[index + 1] ?? ''}`)
  }
  expect(rawHeaders.filter((name) => name.toLowerCase() === 'x-request-id')).toHaveLength(1)
  return lines.sort()
}

describe('every answer has each security header once:', () => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startConsentGateway({ scopes: ['chat'] })
  })
  const json = { 'content-type': 'application/json' }
  const click = JSON.stringify({ post_token: 'p', user_id: 'u', peer_id: 'q' })

  test.each([
    ['a click', 'POST', '/divar/session', { ...json, authorization: KEYS.identification }, click, DATA],
    ['a refused click', 'POST', '/divar/session', json, click, DOCUMENTS],
    ['a malformed click', 'POST', '/divar/session', { ...json, authorization: KEYS.identification }, '{', DOCUMENTS],
    ['another method', 'GET', '/divar/session', {}, '', DOCUMENTS],
    ['an unknown route', 'GET', '/nowhere', {}, '', DOCUMENTS],
    ['a refused send', 'POST', '/messages', json, '{}', DOCUMENTS],
    ['health', 'GET', '/livez', {}, '', DOCUMENTS],
    ['too many headers, after which the connection ends', 'HEAD', '/livez', {}, '', DOCUMENTS],
    ['one with too many headers, after which the connection ends', 'GET', '/livez', MANY, '', DOCUMENTS],
  ] as const)('%s', async (_, method, path, headers, body, guards) => {
    expect(await guardsOf(method, gateway.url + path, headers, body)).toEqual(guards)
  })

  test('pages that chats open in frames have no frame restriction', async () => {
    const guards = await guardsOf('GET', `${gateway.url}/oauth/callback?state=none&code=none`)
    const policies = guards.filter((line) => line.startsWith('content-security-policy: '))
    expect(policies).toEqual([expect.stringMatching(/default-src 'none'/)])
    expect(policies).not.toEqual([expect.stringMatching(/frame-ancestors/)])
    expect(guards.filter((line) => !policies.includes(line))).toEqual(FRAMED)
  })
})
