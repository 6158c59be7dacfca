import { beforeAll, describe, expect, test } from '@jest/globals'
import * as z from 'zod'
import { ask, clickMenu, messageTo, sendWithoutToken, startConsentGateway, completeFlow } from '../support/consent.ts'
import type { TestGateway } from '../support/gateway.ts'
import { BILLING, ask as askAs, TWO_CALLERS } from '../support/outbox.ts'
import { parseJson } from '../support/requests.ts'
import supertest from 'supertest'
import { KEYS } from '../support/gateway.ts'

const shown = z.strictObject({
  id: z.string().regex(/^grt_[\w-]{24}$/),
  user_id: z.string(),
  proven: z.boolean(),
  scopes: z.array(z.string()),
  created_at: z.iso.datetime(),
  refreshed_at: z.iso.datetime(),
  access_expires_at: z.iso.datetime(),
  expires_at: z.iso.datetime(),
})
const page = z.strictObject({ grants: z.array(shown), next_cursor: z.string().nullable() })

function pathOf(userId: string): string {
  return `/grants?user_id=${encodeURIComponent(userId)}`
}

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startConsentGateway({}, { INTERNAL_API_KEYS: TWO_CALLERS })
})

describe('GET /grants', () => {
  test('lists a user’s grants for every caller, without tokens', async () => {
    await completeFlow(await clickMenu(gateway))
    const { buyer } = gateway.divar.world.people
    for (const key of [KEYS.caller, BILLING]) {
      const { status, text } = await askAs(gateway, pathOf(buyer.v2Id), key)
      const { grants, next_cursor } = page.parse(JSON.parse(text))
      expect([status, next_cursor, grants.length]).toEqual([200, null, 1])
      expect(grants[0]).toMatchObject({ user_id: buyer.v2Id, proven: true })
      expect(grants[0]?.scopes.sort()).toEqual([
        `CONVERSATION_SEND_MESSAGE.${gateway.divar.world.conversationId}`,
        'USER_ID',
        'offline_access',
      ])
      const days = (Date.parse(grants[0]?.expires_at ?? '') - Date.now()) / 86_400_000
      expect(Math.round(days)).toBe(30)
      expect(text).not.toContain('ory_')
    }
  })

  test('finds a v1 user by either id', async () => {
    const at = await startConsentGateway()
    await completeFlow(await clickMenu(at, 'buyer', 'v1'))
    const { buyer } = at.divar.world.people
    // Divar returned the v2 id, and the click contained the v1 id.
    for (const id of [buyer.v1Id, buyer.v2Id]) {
      expect(page.parse(JSON.parse((await ask(at, pathOf(id))).text)).grants).toHaveLength(1)
    }
  })

  test('a second consent with the same scopes replaces the first', async () => {
    const at = await startConsentGateway()
    const { buyer } = at.divar.world.people
    const [one, two] = [await clickMenu(at), await clickMenu(at)]
    await completeFlow(one)
    await completeFlow(two)
    expect(page.parse(JSON.parse((await ask(at, pathOf(buyer.v2Id))).text)).grants).toHaveLength(1)
  })

  test.each(['/grants', '/grants?user_id=', '/grants?user_id=u&cursor=x', `/grants?user_id=${'x'.repeat(129)}`])(
    'refuses %s',
    async (path) => {
      const { status, text } = await ask(gateway, path)
      expect([status, parseJson(text)['code']]).toEqual([400, 'malformed_request'])
    },
  )

  test('requires a key', async () => {
    expect((await supertest(gateway.internalUrl).get('/grants?user_id=u')).status).toBe(401)
  })
})

describe('DELETE /grants/:id', () => {
  test('deletes a grant at once: the next message requires consent, and the next click asks for it', async () => {
    const at = await startConsentGateway()
    const { buyer } = at.divar.world.people
    await completeFlow(await clickMenu(at))
    expect((await sendWithoutToken(at, messageTo(at.divar))).status).toBe(200)
    const [grant] = page.parse(JSON.parse((await ask(at, pathOf(buyer.v2Id))).text)).grants
    const path = `/grants/${String(grant?.id)}`
    expect(await ask(at, path, 'delete')).toMatchObject({ status: 204, text: '' })
    expect((await ask(at, path, 'delete')).status).toBe(404)
    expect((await sendWithoutToken(at, messageTo(at.divar))).status).toBe(403)
    expect(await clickMenu(at)).toContain('/oauth/start/')
  })

  test.each(['grt_x', `grt_${'x'.repeat(24)}`, '%00', "';--"])('answers 404 for %s', async (id) => {
    expect((await ask(gateway, `/grants/${id}`, 'delete')).status).toBe(404)
  })
})

describe('GET /users/:user_id', () => {
  async function consentedTo(scopes: string[]): Promise<TestGateway> {
    const at = await startConsentGateway({ scopes })
    await completeFlow(await clickMenu(at))
    return at
  }
  const userPath = (at: TestGateway) => `/users/${encodeURIComponent(at.divar.world.people.buyer.v2Id)}`

  test('returns the phone number when the user has consented to it, read from Divar each time', async () => {
    const at = await consentedTo(['phone', 'offline'])
    for (let times = 0; times < 2; times += 1) {
      const { status, text } = await ask(at, userPath(at))
      expect([status, parseJson(text)]).toEqual([
        200,
        { user_id: at.divar.world.people.buyer.v2Id, phone_number: '09120000002' },
      ])
    }
    const asked = at.divar.conversation.snapshot().timeline.filter(({ kind }) => kind === 'users')
    // Once in the flow, and once for each request: nothing of it is stored.
    expect(asked).toHaveLength(3)
  })

  test('returns only the id when the user has consented to no more', async () => {
    const at = await consentedTo(['chat'])
    const { status, text } = await ask(at, userPath(at))
    expect([status, parseJson(text)]).toEqual([200, { user_id: at.divar.world.people.buyer.v2Id }])
  })

  test('answers consent_required with a link without a grant', async () => {
    const at = await startConsentGateway()
    const { status, text } = await ask(at, userPath(at))
    const { code, consent_url: link } = parseJson(text)
    expect([status, code]).toEqual([403, 'consent_required'])
    await completeFlow(String(link))
    expect(parseJson((await ask(at, userPath(at))).text)).toMatchObject({ phone_number: '09120000002' })
  })

  test.each(['u%0A', '%01', 'u%C2%85', 'u'.repeat(129)])('refuses an invalid id: %s', async (id) => {
    const { status, text } = await ask(await startConsentGateway(), `/users/${id}`)
    const { code, detail } = parseJson(text)
    expect([status, code]).toEqual([400, 'malformed_request'])
    expect(detail).toMatch(/^user_id: expected /)
  })

  test('has separate error codes for a token that Divar refuses and for no answer from Divar', async () => {
    const at = await consentedTo(['phone'])
    at.divar.grants.revoke('buyer')
    const { status, text } = await ask(at, userPath(at))
    expect([status, parseJson(text)['code']]).toEqual([403, 'token_refused'])
    const away = await startConsentGateway({ scopes: ['phone'] })
    await completeFlow(await clickMenu(away))
    await away.divar.close()
    const refused = await ask(away, userPath(away))
    expect([refused.status, parseJson(refused.text)]).toEqual([
      502,
      expect.objectContaining({ code: 'platform_error', retryable: true }),
    ])
  })
})
