import { beforeAll, describe, expect, test } from '@jest/globals'
import supertest from 'supertest'
import { API_PATHS } from '../../src/console/api-routes.ts'
import { createSessions } from '../../src/console/session.ts'
import { CONSOLE_CALLERS, cookieOf, logIn, openSession, OPERATOR_KEY, startConsoleGateway } from '../support/console.ts'
import { KEYS, startTestGateway, type TestGateway } from '../support/gateway.ts'

const NO_LIMIT = { WRONG_KEYS_PER_MINUTE: '0' }

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startConsoleGateway(NO_LIMIT)
})

/** A change at the console: log-out. */
const change = (cookie: string, { internalUrl } = gateway) =>
  supertest(internalUrl).post('/console/logout').set('cookie', cookie)
const logOut = ({ cookie, token }: { cookie: string; token: string }, { internalUrl } = gateway) =>
  change(cookie, { ...gateway, internalUrl })
    .set('origin', internalUrl)
    .set('x-console-token', token)
const showsConsole = async (cookie: string, { internalUrl } = gateway) =>
  (await supertest(internalUrl).get('/console').set('cookie', cookie).expect(200)).text.includes('console-token')

describe('the console is served', () => {
  test('on the internal port only', async () => {
    await supertest(gateway.internalUrl).get('/console').expect(200)
    await supertest(gateway.url).get('/console').expect(404)
    await logIn({ internalUrl: gateway.url }).expect(404)
  })

  test('nowhere without INTERNAL_PORT', async () => {
    const shared = await startTestGateway()
    await supertest(shared.url).get('/console').set('x-api-key', KEYS.caller).expect(404)
  })

  test('so that no page can frame it and nothing foreign runs in it', async () => {
    const { cookie } = await openSession(gateway)
    for (const headers of [{}, { cookie }]) {
      const answer = await supertest(gateway.internalUrl).get('/console').set(headers).expect(200)
      const policy = String(answer.headers['content-security-policy'])
      expect(policy).toContain("frame-ancestors 'none'")
      expect(policy).toContain("default-src 'none'")
      expect(policy).not.toContain('unsafe')
      expect(answer.headers['x-frame-options']).toMatch(/deny|sameorigin/i)
      expect(answer.headers['cache-control']).toBe('no-store')
    }
  })
})

describe('a log-in', () => {
  test('gives a cookie that scripts, other sites and other paths do not get, for 8 hours', async () => {
    const cookie = cookieOf(await logIn(gateway).expect(204))
    expect(cookie).toMatch(
      /^kenar_console=ops\.\d+\.[\w-]+\.[\w-]+; Path=\/console; Max-Age=28800; HttpOnly; SameSite=Strict$/,
    )
  })

  test('that came by TLS gives a Secure cookie', async () => {
    const behindProxy = await startConsoleGateway({ TRUST_PROXY: '1' })
    const answer = await logIn(behindProxy).set('x-forwarded-proto', 'https').set('x-forwarded-for', '192.0.2.1')
    expect(cookieOf(answer)).toMatch(/; Secure$/)
    expect(cookieOf(await logIn(gateway).set('x-forwarded-proto', 'https'))).not.toMatch(/Secure/)
  })

  test('with the key of a caller without operate is refused and opens nothing', async () => {
    const answer = await logIn(gateway, KEYS.caller).expect(403)
    expect(answer.body).toMatchObject({ code: 'not_allowed', permission: 'operate' })
    expect(answer.headers['set-cookie']).toBeUndefined()
  })

  test('from another origin, or as a form, is refused', async () => {
    for (const origin of ['https://evil.example', 'null', `${gateway.internalUrl}.evil.example`, gateway.url]) {
      await logIn(gateway).set('origin', origin).expect(403)
    }
    await supertest(gateway.internalUrl).post('/console/session').send({ key: OPERATOR_KEY }).expect(403)
    await logIn(gateway).type('form').expect(415)
  })

  test.each(['{}', '[]', '{"key":1}', `{"key":"${OPERATOR_KEY}","more":1}`, '{"key"', ''])(
    'with the body %j is a 400',
    async (body) => {
      await supertest(gateway.internalUrl)
        .post('/console/session')
        .set({ origin: gateway.internalUrl, 'content-type': 'application/json' })
        .send(body)
        .expect(400)
    },
  )

  test('makes a new session each time, whatever cookie the browser had', async () => {
    const planted = await openSession(gateway)
    const answer = await logIn(gateway).set('cookie', planted.cookie).expect(204)
    const [own = ''] = cookieOf(answer).split(';')
    expect(own).not.toBe(planted.cookie)
    expect((await openSession(gateway)).token).not.toBe(planted.token)
    const chosen = 'kenar_console=ops.9999999999999.AAAAAAAAAAAAAAAAAAAAAAAA.'.padEnd(110, 'A')
    expect(await showsConsole(chosen)).toBe(false)
  })

  test('and log-out leave a line each, with the caller and without the key', async () => {
    await logOut(await openSession(gateway)).expect(204)
    expect(await gateway.logged('console.opened')).toMatchObject({ caller: 'ops', status: 204 })
    expect(await gateway.logged('console.closed')).toMatchObject({ caller: 'ops', status: 204 })
    expect(gateway.output()).not.toContain(OPERATOR_KEY)
  })
})

describe('wrong keys', () => {
  test('at the console and at the API count together, and the answer does not tell what was wrong', async () => {
    const limited = await startConsoleGateway({ WRONG_KEYS_PER_MINUTE: '4' })
    const wrong = ['', 'x', `${OPERATOR_KEY}x`].map((key) => logIn(limited, key))
    const answers = await Promise.all(wrong)
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401])
    expect(new Set(answers.map(({ text }) => text.replaceAll(/req_[\w-]+/g, ''))).size).toBe(1)
    await supertest(limited.internalUrl).get('/grants').set('x-api-key', 'wrong').expect(401)
    const refused = await logIn(limited, 'wrong').expect(429)
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    await supertest(limited.internalUrl).get('/grants').set('x-api-key', 'wrong').expect(429)
    await logIn(limited).expect(204)
  })
})

describe('without a session', () => {
  const routes = Object.entries(API_PATHS).map(([path, methods]) => [path.replace(':id', 'msg_x'), methods] as const)
  test.each(routes)('%s answers nothing, whatever key is sent', async (path, methods) => {
    const { internalUrl } = gateway
    for (const headers of [{}, { 'x-api-key': KEYS.caller }, { 'x-api-key': OPERATOR_KEY }]) {
      const request = methods === 'POST' ? supertest(internalUrl).post(path).send({}) : supertest(internalUrl).get(path)
      const answer = await request.set({ origin: internalUrl, ...headers }).expect(401)
      expect(answer.body).toMatchObject({ code: 'api_key_refused' })
    }
  })
})

describe('a session', () => {
  test('opens the console alone, never the API', async () => {
    const { cookie, token } = await openSession(gateway)
    expect(await showsConsole(cookie)).toBe(true)
    for (const path of ['/messages', '/clicks/x', '/grants', '/users/x']) {
      await supertest(gateway.internalUrl).get(path).set({ cookie, 'x-console-token': token }).expect(401)
    }
  })

  test('changes something only from its own page: its origin and its token', async () => {
    const session = await openSession(gateway)
    const other = await openSession(gateway)
    const { internalUrl } = gateway
    for (const origin of ['https://evil.example', 'null', gateway.url, '']) {
      await logOut(session).set('origin', origin).expect(403)
    }
    await change(session.cookie).set('x-console-token', session.token).expect(403)
    await change(session.cookie).set('origin', internalUrl).expect(403)
    await change(session.cookie).set('origin', internalUrl).set('x-console-token', other.token).expect(403)
    await logOut(session).expect(204)
  })

  test.each([
    ['a character of the MAC', (value: string) => value.slice(0, -2) + (value.endsWith('AA') ? 'BB' : 'AA')],
    ['the caller', (value: string) => value.replace('=ops.', '=orders.')],
    ['the expiry', (value: string) => value.replace(/\.1\d{12}\./, '.9999999999999.')],
    ['the nonce', (value: string) => value.replace(/\.[\w-]{24}\./, `.${'A'.repeat(24)}.`)],
    ['its end', (value: string) => value.slice(0, -10)],
  ])('with %s altered is none', async (_, alter) => {
    const { cookie, token } = await openSession(gateway)
    expect(alter(cookie)).not.toBe(cookie)
    expect(await showsConsole(alter(cookie))).toBe(false)
    await logOut({ cookie: alter(cookie), token }).expect(401)
  })

  test('is found among other cookies, and is ended by a log-out', async () => {
    const session = await openSession(gateway)
    expect(await showsConsole(`a=b; kenar_console=x; ${session.cookie}; kenar_console=`)).toBe(true)
    expect(cookieOf(await logOut(session).expect(204))).toMatch(/^kenar_console=; Path=\/console; Max-Age=0; /)
  })

  test('is valid at every replica that has the key, and ends with the key or with the permission', async () => {
    const session = await openSession(gateway)
    const replica = await startConsoleGateway(NO_LIMIT)
    expect(await showsConsole(session.cookie, replica)).toBe(true)
    const withKeys = (keys: string, permissions = CONSOLE_CALLERS.CALLER_PERMISSIONS) =>
      startConsoleGateway({ INTERNAL_API_KEYS: `orders:${KEYS.caller},${keys}`, CALLER_PERMISSIONS: permissions })
    const rotating = await withKeys(`ops:next-${OPERATOR_KEY},ops:${OPERATOR_KEY}`)
    expect(await showsConsole(session.cookie, rotating)).toBe(true)
    expect(await showsConsole((await openSession(rotating, `next-${OPERATOR_KEY}`)).cookie, rotating)).toBe(true)
    const rotated = await withKeys(`ops:next-${OPERATOR_KEY}`)
    expect(await showsConsole(session.cookie, rotated)).toBe(false)
    const demoted = await withKeys(`ops:${OPERATOR_KEY}`, 'orders=send;ops=send')
    expect(await showsConsole(session.cookie, demoted)).toBe(false)
    await logOut(session, demoted).expect(401)
  })

  test('ends 8 hours after the log-in', () => {
    let now = Date.parse('2026-01-01T00:00:00Z')
    const key = { name: 'ops', key: OPERATOR_KEY, permissions: new Set(['operate'] as const) }
    const sessions = createSessions([key], () => now)
    const [cookie = ''] = sessions.open(key, false).split(';')
    now += 8 * 3600_000 - 1
    expect(sessions.read(cookie)?.caller).toBe('ops')
    now += 1
    expect(sessions.read(cookie)).toBeUndefined()
  })
})
