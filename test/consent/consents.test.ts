import { beforeAll, describe, expect, test } from '@jest/globals'
import supertest from 'supertest'
import * as z from 'zod'
import {
  ask,
  Browser,
  clickMenu,
  decide,
  messageTo,
  sendWithoutToken,
  startConsentGateway,
  completeFlow,
} from '../support/consent.ts'
import { KEYS, type TestGateway } from '../support/gateway.ts'
import { parseJson } from '../support/requests.ts'

const RETURN_URL = 'https://app.example.com/thanks'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startConsentGateway({}, { LANDING_ALLOWED_ORIGINS: 'https://app.example.com' })
})

function post(body: object, at: TestGateway = gateway) {
  return supertest(at.internalUrl).post('/consents').set('x-api-key', KEYS.caller).send(body)
}

async function linkFor(body: object, at: TestGateway = gateway): Promise<string> {
  const { status, text } = await post({ return_url: RETURN_URL, ...body }, at)
  expect([status, text]).toEqual([201, expect.any(String)])
  return z.strictObject({ id: z.string(), url: z.string(), expires_at: z.iso.datetime() }).parse(JSON.parse(text)).url
}

const people = () => gateway.divar.world.people

describe('POST /consents', () => {
  test('returns a link that is valid for ten minutes and sends a user who consents to return_url', async () => {
    const asked = Date.now()
    const { text } = await post({ scopes: ['phone'], user_id: people().buyer.v2Id, return_url: RETURN_URL })
    const { id, url, expires_at } = parseJson(text)
    expect(id).toMatch(/^cns_[\w-]{24}$/)
    expect(url).toBe(`${gateway.url}/oauth/start/${String(id)}`)
    const leftMs = Date.parse(String(expires_at)) - asked
    expect(leftMs).toBeGreaterThan(9.9 * 60_000)
    expect(leftMs).toBeLessThan(10.5 * 60_000)
    expect(await completeFlow(String(url))).toMatchObject({ status: 303, location: RETURN_URL })
  })

  test('accepts the three ids of a v1 chat; a message can then be sent as that user', async () => {
    const { buyer, seller } = people()
    const triple = { user_id: buyer.v1Id, post_token: gateway.divar.world.post.token, peer_id: seller.v1Id }
    expect(await completeFlow(await linkFor({ scopes: ['chat'], ...triple }))).toMatchObject({ location: RETURN_URL })
    expect((await sendWithoutToken(gateway, { ...triple, message: 'سلام' })).status).toBe(200)
  })

  test('grants nothing when another user than user_id opens the link', async () => {
    const at = await startConsentGateway()
    const { seller } = at.divar.world.people
    const link = await linkFor({ scopes: ['seller_chats', 'offline'], user_id: seller.v2Id }, at)
    expect(await completeFlow(link, { side: 'buyer' })).toMatchObject({ status: 403, location: '' })
    expect(parseJson((await ask(at, `/grants?user_id=${encodeURIComponent(seller.v2Id)}`)).text)).toEqual({
      grants: [],
      next_cursor: null,
    })
  })

  const FAULTY: [string, object, string[]][] = [
    ['nothing', {}, ['/scopes', '/return_url']],
    ['no list of scopes', { scopes: 'chat', return_url: RETURN_URL }, ['/scopes']],
    ['an empty list', { scopes: [], return_url: RETURN_URL }, ['/scopes']],
    ['an unknown word', { scopes: ['chats'], user_id: 'u', return_url: RETURN_URL }, ['/scopes']],
    ['scopes that smuggle', { scopes: ['USER_PHONE USER_ID'], user_id: 'u', return_url: RETURN_URL }, ['/scopes']],
    ['a chat without its names', { scopes: ['chat'], user_id: 'u', return_url: RETURN_URL }, ['/scopes']],
    ['a phone of nobody', { scopes: ['phone'], return_url: RETURN_URL }, ['/scopes']],
    [
      'all chats of nobody, in a v1 chat',
      { scopes: ['seller_chats'], user_id: 'u', post_token: 'p', peer_id: 'q', return_url: RETURN_URL },
      ['/scopes'],
    ],
    ['half a triple', { scopes: ['chat'], peer_id: 'q', return_url: RETURN_URL }, ['/peer_id']],
    ['a foreign way on', { scopes: ['phone'], user_id: 'u', return_url: 'https://evil.example/' }, ['/return_url']],
    ['a script', { scopes: ['phone'], user_id: 'u', return_url: 'javascript:alert(1)' }, ['/return_url']],
    ['a number for an id', { scopes: ['phone'], user_id: 7, return_url: RETURN_URL }, ['/user_id']],
  ]
  test.each(FAULTY)('refuses %s and names the member', async (_, body, pointers) => {
    const { status, text } = await post(body)
    const problem = parseJson(text)
    expect([status, problem['code']]).toEqual([400, 'invalid_consent'])
    const errors = z.array(z.object({ pointer: z.string(), detail: z.string() })).parse(problem['errors'])
    expect(errors.map(({ pointer }) => pointer)).toEqual(pointers)
    expect(text).not.toContain('evil.example')
  })

  const SEVERAL: [string, object, string[]][] = [
    [
      'an unknown word and http',
      { scopes: ['bogus'], user_id: 'u', return_url: 'http://app.example.com/x' },
      ['/scopes', '/return_url'],
    ],
    [
      'a number for an id, an unknown word, and post_chats without a post',
      { scopes: ['bogus', 'post_chats'], user_id: 5, return_url: RETURN_URL },
      ['/user_id', '/scopes', '/scopes'],
    ],
    [
      'half a triple, an unknown word, and a foreign way on',
      { scopes: ['bogus', 'chat'], peer_id: 'q', return_url: 'https://evil.example/' },
      ['/scopes', '/peer_id', '/return_url'],
    ],
    ['an empty scope beside an unknown word', { scopes: ['', 'bogus'] }, ['/scopes/0', '/return_url', '/scopes']],
    ['a scope that needs the refused id', { scopes: ['phone'], user_id: 5, return_url: RETURN_URL }, ['/user_id']],
  ]
  test.each(SEVERAL)('lists every fault of a body at once, and no fault twice: %s', async (_, body, pointers) => {
    const { status, text } = await post(body)
    const problem = parseJson(text)
    expect([status, problem['code']]).toEqual([400, 'invalid_consent'])
    const errors = z.array(z.object({ pointer: z.string(), detail: z.string() })).parse(problem['errors'])
    expect(errors.map(({ pointer }) => pointer)).toEqual(pointers)
    expect(new Set(errors.map(({ pointer, detail }) => pointer + detail)).size).toBe(errors.length)
  })

  test('requires a key, and POST', async () => {
    expect((await supertest(gateway.internalUrl).post('/consents').send({})).status).toBe(401)
    const { status, headers } = await ask(gateway, '/consents')
    expect([status, headers['allow']]).toEqual([405, 'POST'])
  })
})

describe('the authorization request to Divar', () => {
  async function authorization(link: string): Promise<URL> {
    const { status, location } = await new Browser().open(link)
    expect(status).toBe(303)
    return new URL(location)
  }

  test('uses the authorization code flow with PKCE, a new state each time, and the exact redirect_uri', async () => {
    const asked = await Promise.all([1, 2].map(async () => authorization(await clickMenu(gateway))))
    for (const { origin, pathname, searchParams } of asked) {
      expect(`${origin}${pathname}`).toBe(`${gateway.divar.url}/oauth2/auth`)
      expect(Object.fromEntries(searchParams)).toMatchObject({
        client_id: 'bike-inspection',
        response_type: 'code',
        redirect_uri: `${gateway.url}/oauth/callback`,
        code_challenge_method: 'S256',
        code_challenge: expect.stringMatching(/^[\w-]{43}$/),
        // At least 128 bits.
        state: expect.stringMatching(/^[\w-]{22,}$/),
      })
    }
    expect(new Set(asked.map(({ searchParams }) => searchParams.get('state'))).size).toBe(2)
  })

  test('writes scopes in the v2 notation, separated by spaces, and includes USER_ID', async () => {
    const { search, searchParams } = await authorization(await clickMenu(gateway))
    const { conversationId } = gateway.divar.world
    expect(searchParams.get('scope')).toBe(`CONVERSATION_SEND_MESSAGE.${conversationId} offline_access USER_ID`)
    expect(search).toContain('%20offline_access%20USER_ID')
  })

  test.each(['v1', 'v2'] as const)(
    'writes them in the v1 notation when that is configured, on %s, separated by +',
    async (wire) => {
      const at = await startConsentGateway({}, { DIVAR_SCOPE_STYLE: 'v1' })
      const { world } = at.divar
      const link = await clickMenu(at, 'buyer', wire)
      const { location } = await new Browser().open(link)
      const scope = /[?&]scope=([^&]*)/.exec(location)?.[1] ?? ''
      const { buyer, seller } = world.people
      const triple = Buffer.from(`${buyer.v1Id}:${world.post.token}:${seller.v1Id}`).toString('base64')
      const chat =
        wire === 'v1' ? `CHAT_SEND_MESSAGE_OAUTH__${triple}` : `CONVERSATION_SEND_MESSAGE__${world.conversationId}`
      expect(scope.split('+').map(decodeURIComponent)).toContain(chat)
      // And it is read back: one consent is enough.
      const again = await clickMenu(at, 'buyer', wire)
      expect(await completeFlow(again)).toMatchObject({ status: 303 })
      expect(await clickMenu(at, 'buyer', wire)).not.toContain('/oauth/start/')
    },
  )

  test('is not used up by HEAD', async () => {
    const link = await clickMenu(gateway)
    const browser = new Browser()
    expect((await browser.open(link, { method: 'HEAD' })).status).toBe(200)
    expect(await decide(browser, link)).toContain('/oauth/callback?')
  })

  test('binds the browser with a __Host- cookie on https', async () => {
    const at = await startConsentGateway({}, { PUBLIC_URL: 'https://gateway.example' })
    const { text } = await post({ scopes: ['phone'], user_id: 'u', return_url: RETURN_URL }, at)
    const { pathname } = new URL(String(parseJson(text)['url']))
    const { status, headers } = await supertest(at.url).get(pathname)
    expect(status).toBe(303)
    expect(headers['set-cookie']?.[0]).toMatch(
      /^__Host-kenar-consent-[0-9a-f]{16}=[\w-]{43}; Path=\/; Max-Age=600; HttpOnly; SameSite=Lax; Secure$/,
    )
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' })
  })
})

test('without a known user only this chat can be requested, and messages are sent as the user who consents', async () => {
  const at = await startConsentGateway()
  const session = (body: object) =>
    supertest(at.url).post('/divar/session').set({ authorization: KEYS.identification, 'api-version': '2' }).send(body)
  const { conversationId, people: all } = at.divar.world
  const { text } = await session({ conversation_id: conversationId, user_id: null })
  expect((await completeFlow(String(parseJson(text)['url']), { side: 'seller' })).status).toBe(303)
  expect((await sendWithoutToken(at, messageTo(at.divar))).status).toBe(200)
  expect(at.divar.conversation.snapshot().messages.at(-1)).toMatchObject({ from: 'seller' })
  const { text: grants } = await ask(at, `/grants?user_id=${encodeURIComponent(all.seller.v2Id)}`)
  expect(parseJson(grants)['grants']).toHaveLength(1)

  const phone = await startConsentGateway({ scopes: ['phone'] })
  const refused = await supertest(phone.url)
    .post('/divar/session')
    .set({ authorization: KEYS.identification, 'api-version': '2' })
    .send({ conversation_id: conversationId, user_id: null })
  expect([refused.status, parseJson(refused.text)['url']]).toEqual([500, ''])
})
