import { beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { TestGateway } from '../support/gateway.ts'
import {
  ask,
  Browser,
  clickMenu,
  decide,
  LANDING,
  startConsentDivar,
  startConsentGateway,
  completeFlow,
  withConsent,
} from '../support/consent.ts'
import { startOn } from '../support/outbox.ts'
import { parseJson } from '../support/requests.ts'
import { alter } from '../support/stores.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startConsentGateway()
})

async function grantsOf(userId = gateway.divar.world.people.buyer.v2Id): Promise<unknown> {
  return parseJson((await ask(gateway, `/grants?user_id=${encodeURIComponent(userId)}`)).text)['grants']
}

/** A flow whose callback has not reached the gateway yet. */
async function onItsWay(at: TestGateway = gateway): Promise<{ browser: Browser; back: string }> {
  const browser = new Browser()
  return { browser, back: await decide(browser, await clickMenu(at)) }
}

function withState(back: string, change: (state: string, query: URLSearchParams) => void): string {
  const url = new URL(back)
  change(url.searchParams.get('state') ?? '', url.searchParams)
  return url.href
}

describe('a callback is refused and grants nothing when its state', () => {
  const CHANGES: [string, (state: string, query: URLSearchParams) => void, number][] = [
    [
      'is missing',
      (_, query) => {
        query.delete('state')
      },
      410,
    ],
    [
      'is empty',
      (_, query) => {
        query.set('state', '')
      },
      410,
    ],
    [
      'is forged',
      (_, query) => {
        query.set('state', 'x'.repeat(43))
      },
      410,
    ],
    [
      'is cut',
      (state, query) => {
        query.set('state', state.slice(1))
      },
      410,
    ],
    [
      'is longer',
      (state, query) => {
        query.set('state', `${state}x`)
      },
      410,
    ],
    [
      'comes twice',
      (state, query) => {
        query.append('state', state)
      },
      410,
    ],
    [
      'comes twice, the first of them forged',
      (state, query) => {
        query.delete('state')
        query.append('state', 'x')
        query.append('state', state)
      },
      410,
    ],
  ]
  test.each(CHANGES)('%s', async (_, change, status) => {
    const { browser, back } = await onItsWay()
    const answer = await browser.open(withState(back, change))
    expect([answer.status, answer.location]).toEqual([status, ''])
    expect(await grantsOf()).toEqual([])
  })

  test('is random text', async () => {
    const { browser } = await onItsWay()
    await fc.assert(
      fc.asyncProperty(fc.webQueryParameters(), fc.string(), async (query, state) => {
        const tried = new URLSearchParams({ code: 'ory_ac_x', state })
        const answer = await browser.open(`${gateway.url}/oauth/callback?${query}&${tried.toString()}`)
        expect([answer.location, answer.status >= 400 && answer.status < 500]).toEqual(['', true])
      }),
      { numRuns: 100 },
    )
    expect(await grantsOf()).toEqual([])
  })

  test('comes from another browser; the first browser can still finish', async () => {
    const { browser, back } = await onItsWay()
    const { status, body } = await new Browser().open(back)
    expect([status, body]).toEqual([403, expect.stringContaining('another browser')])
    expect(await grantsOf()).toEqual([])
    // A separate flow in that other browser does not help either.
    const other = new Browser()
    await decide(other, await clickMenu(gateway))
    expect((await other.open(back)).status).toBe(403)
    expect((await browser.open(back)).location).toContain(LANDING)
    expect(await grantsOf()).toHaveLength(1)
  })

  test('was used before', async () => {
    const gateway = await startConsentGateway()
    const browser = new Browser()
    const back = await decide(browser, await clickMenu(gateway))
    expect((await browser.open(back)).status).toBe(303)
    expect((await browser.open(back)).status).toBe(410)
    expect(await gateway.logged('consent.refused')).toMatchObject({ why: 'expired' })
  })
})

test.each(['a link', 'an answer'] as const)('%s older than ten minutes is refused and grants nothing', async (what) => {
  const { divar } = await startConsentDivar()
  const environment = await withConsent(divar.url)
  const first = await startOn(environment)
  const browser = new Browser()
  const link = await clickMenu({ url: first.url, divar })
  const address = what === 'a link' ? link : await decide(browser, link)
  await first.stop()
  await alter(String(environment['DATABASE_URL']), 'update consent set expires_at = 0')
  const later = await startOn(environment)
  expect(await browser.open(address)).toMatchObject({ status: 410, location: '' })
  const { buyer } = divar.world.people
  expect(parseJson((await ask(later, `/grants?user_id=${encodeURIComponent(buyer.v2Id)}`)).text)['grants']).toEqual([])
})

test('a stolen callback grants nothing in another flow of the thief', async () => {
  const gateway = await startConsentGateway()
  const victim = await onItsWay(gateway)
  const thief = await onItsWay(gateway)
  const code = new URL(victim.back).searchParams.get('code') ?? ''
  const answer = await thief.browser.open(
    withState(thief.back, (_, query) => {
      query.set('code', code)
    }),
  )
  // The verifier that the code was asked with is the victim's.
  expect([answer.status, answer.location]).toEqual([410, ''])
})

describe('a link', () => {
  test.each(['cns_x', `cns_${'x'.repeat(24)}`, '%00', "';--", '..%2f'])(
    'with an unknown id is refused: %s',
    async (id) => {
      expect((await new Browser().open(`${gateway.url}/oauth/start/${id}`)).status).toBe(410)
    },
  )

  test('opened by another user than the one who clicked grants nothing, for any scopes', async () => {
    for (const scopes of [['chat'], ['phone'], ['post_chats', 'seller_chats', 'offline'], ['user_id']]) {
      const asked = await startConsentGateway({ scopes })
      const { people } = asked.divar.world
      const { status, body } = await completeFlow(await clickMenu(asked, 'buyer'), { side: 'seller' })
      expect([status, body]).toEqual([403, expect.stringContaining('logged in with another account')])
      for (const { v2Id } of [people.buyer, people.seller]) {
        const { text } = await ask(asked, `/grants?user_id=${encodeURIComponent(v2Id)}`)
        expect(parseJson(text)['grants']).toEqual([])
      }
      await asked.stop()
    }
  })
})

describe('a user who refuses', () => {
  test('sees a page in Persian and English with a link back to the chat', async () => {
    const { status, body, location } = await completeFlow(await clickMenu(await startConsentGateway()), {
      decision: 'deny',
    })
    expect([status, location]).toEqual([403, ''])
    expect(body).toContain('<html lang="fa" dir="rtl">')
    expect(body).toContain('You did not agree')
  })

  test('is sent to the landing’s onDenied', async () => {
    const onDenied = 'https://app.example.com/no'
    const { status, location } = await completeFlow(await clickMenu(await startConsentGateway({ onDenied })), {
      decision: 'deny',
    })
    expect([status, location]).toEqual([303, onDenied])
  })
})

test.each(['code_expired', 'token_500', 'token_reset', 'token_reset_after'] as const)(
  'after %s of Divar nothing is granted and the user sees an error page',
  async (fault) => {
    const gateway = await startConsentGateway()
    gateway.divar.conversation.faults.arm(fault, 1)
    const { status, location } = await completeFlow(await clickMenu(gateway))
    expect([status, location]).toEqual([fault === 'code_expired' ? 410 : 502, ''])
    expect(await clickMenu(gateway)).toContain('/oauth/start/')
    // The next flow succeeds.
    expect((await completeFlow(await clickMenu(gateway))).status).toBe(303)
  },
)

test.each([
  ['https://evil.example', 502],
  ['its own', 303],
  ['its own with a slash', 303],
] as const)('an issuer in the answer is checked: %s', async (issuer, status) => {
  const gateway = await startConsentGateway()
  const { browser, back } = await onItsWay(gateway)
  const own = issuer === 'its own' ? gateway.divar.url : `${gateway.divar.url}/`
  const named = issuer.startsWith('https') ? issuer : own
  const answer = await browser.open(
    withState(back, (_, query) => {
      query.set('iss', named)
    }),
  )
  expect(answer.status).toBe(status)
})
