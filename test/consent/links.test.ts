import { describe, expect, test } from '@jest/globals'
import { DATABASES, query, withStore } from '../support/databases.ts'
import { Browser, clickMenu, decide, LANDING, startConsentGateway, completeFlow } from '../support/consent.ts'

describe('a link', () => {
  test('opened twice, by a double tap or a preview, still works in the browser that consents; then it is used up', async () => {
    const gateway = await startConsentGateway()
    const start = await clickMenu(gateway)
    const preview = new Browser()
    const person = new Browser()
    await decide(preview, start)
    const first = await decide(person, start)
    const second = await decide(person, start)
    expect(new URL(first).searchParams.get('state')).not.toBe(new URL(second).searchParams.get('state'))
    expect((await person.open(second)).location).toContain(LANDING)
    expect((await person.open(first)).status).toBe(410)
    const { status, body } = await new Browser().open(start)
    expect([status, body]).toEqual([410, expect.stringContaining('This link does not work any more')])
  })

  test.each([
    ['sec-purpose', 'prefetch;prerender'],
    ['purpose', 'prefetch'],
    ['x-purpose', 'preview'],
    ['x-moz', 'prefetch'],
  ])('is not opened by a browser that fetches ahead: %s', async (name, value) => {
    const answer = await fetch(await clickMenu(await startConsentGateway()), {
      redirect: 'manual',
      headers: { [name]: value },
    })
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([503, 'no-store'])
    expect(answer.headers.getSetCookie()).toEqual([])
  })

  test('still works if the browser fetches its callback ahead', async () => {
    const person = new Browser()
    const back = await decide(person, await clickMenu(await startConsentGateway()))
    expect((await person.open(back, { headers: { 'sec-purpose': 'prefetch' } })).status).toBe(503)
    expect((await person.open(back)).location).toContain(LANDING)
  })

  test('whose callback comes without its cookie can be opened again in a new window', async () => {
    const gateway = await startConsentGateway()
    const back = await decide(new Browser(), await clickMenu(gateway))
    const { status, body } = await new Browser().open(back)
    const [, again = ''] = /<a href="([^"]+)" target="_blank"/.exec(body) ?? []
    expect([status, again]).toEqual([403, expect.stringContaining(`${gateway.url}/oauth/start/cns_`)])
    expect((await completeFlow(again)).location).toContain(LANDING)
  })

  test('sets two cookies on https, and either identifies the browser', async () => {
    for (const attributes of ['SameSite=Lax; Secure', 'SameSite=None; Secure; Partitioned']) {
      const secure = await startConsentGateway({}, { PUBLIC_URL: 'https://chat.example.com' })
      const { pathname } = new URL(await clickMenu(secure))
      const opened = await fetch(`${secure.url}${pathname}`, { redirect: 'manual' })
      const cookies = opened.headers.getSetCookie()
      const cookie = cookies.find((line) => line.endsWith(attributes)) ?? ''
      expect([cookies.length, cookie]).toEqual([2, expect.stringMatching(/^__Host-kenar-consent-/)])
      const page = new URL(opened.headers.get('location') ?? '')
      const form = new URLSearchParams([...page.searchParams, ['side', 'buyer'], ['decision', 'allow']])
      const decided = await fetch(`${page.origin}/oauth2/auth/decision`, {
        method: 'POST',
        body: form,
        redirect: 'manual',
      })
      const { search } = new URL(decided.headers.get('location') ?? '')
      const answer = await fetch(`${secure.url}/oauth/callback${search}`, {
        redirect: 'manual',
        headers: { cookie: cookie.split(';')[0] ?? '' },
      })
      expect([answer.status, answer.headers.get('location')]).toEqual([303, expect.stringContaining(LANDING)])
    }
  })
})

describe.each(DATABASES.filter((kind) => kind === 'postgres'))('on %s, a user who comes back from Divar', (on) => {
  test.each([
    [9, 303],
    [11, 410],
  ])('%i minutes after opening the link gets %i', async (minutes, status) => {
    const store = await withStore(on)
    const gateway = await startConsentGateway({}, store)
    const browser = new Browser()
    const back = await decide(browser, await clickMenu(gateway))
    for (const table of ['consent', 'consent_opening']) {
      await query(String(store['DATABASE_URL']), `update ${table} set expires_at = expires_at - ${minutes * 60_000}`)
    }
    expect((await browser.open(back)).status).toBe(status)
  })
})
