import { describe, expect, test } from '@jest/globals'
import { botUserPath, startBotDivar } from '../support/bot-divar.ts'
import { completeFlow, linkFor, sendWithoutToken, startConsentDivar, withConsent } from '../support/consent.ts'
import { DATABASES } from '../support/databases.ts'
import { KEYS } from '../support/gateway.ts'
import { idOf, startOn, until, type DatabaseKind } from '../support/outbox.ts'
import { parseJson } from '../support/requests.ts'

const SCOPE = 'CHAT_BOT_USER_MESSAGE_SEND'

async function start(kind: DatabaseKind) {
  const { divar } = await startConsentDivar()
  const bot = await startBotDivar(divar.url)
  const gateway = await startOn({ ...(await withConsent(divar.url, { on: kind })), ...bot.environment })
  const { buyer, seller } = divar.world.people
  const grant = async (scopes: readonly string[], side: 'buyer' | 'seller' = 'buyer') => {
    const link = await linkFor({ internalUrl: gateway.internalUrl, divar }, scopes, side)
    expect((await completeFlow(link, { side })).status).toBe(303)
  }
  const toBuyer = { bot: { user_id: buyer.v2Id }, text_message: 'سلام' }
  return { gateway, bot, grant, toBuyer, buyer: buyer.v2Id, seller: seller.v2Id }
}

describe.each(DATABASES)('a bot message to a user, without a token, on %s', (kind) => {
  test.each([
    ['synchronous', {}],
    ['with an Idempotency-Key', { 'idempotency-key': 'k-1' }],
    ['queued', { prefer: 'respond-async' }],
  ])("goes with the user's grant: %s", async (_, headers) => {
    const { gateway, bot, grant, toBuyer, buyer } = await start(kind)
    await grant([SCOPE, 'offline'])
    const sent = await sendWithoutToken(gateway, toBuyer, { headers })
    if (sent.status === 202) await until(gateway, idOf(sent), 'delivered')
    else expect(parseJson(sent.text)).toMatchObject({ status: 200, conversation_id: 'b-1' })
    const arrived = bot.calls.map(({ path, headers: received }) => [path, received.authorization])
    expect(arrived).toEqual([[botUserPath(encodeURIComponent(buyer)), expect.stringMatching(/^Bearer ory_at_/)]])
  })

  test('without the scope is refused with a link, whose consent lets it go', async () => {
    const { gateway, bot, grant, toBuyer } = await start(kind)
    await grant(['chat', 'phone', 'offline'])
    for (const headers of [{}, { prefer: 'respond-async' }, { 'idempotency-key': 'k-1' }]) {
      const refused = await sendWithoutToken(gateway, toBuyer, { headers })
      expect([refused.status, parseJson(refused.text)]).toEqual([
        403,
        expect.objectContaining({ code: 'consent_required', consent_url: expect.stringContaining('/oauth/start/') }),
      ])
    }
    expect(bot.calls).toEqual([])
    const { text } = await sendWithoutToken(gateway, toBuyer)
    expect((await completeFlow(String(parseJson(text)['consent_url']))).status).toBe(303)
    expect((await sendWithoutToken(gateway, toBuyer)).status).toBe(200)
  })

  test("does not go with another user's grant, and its link does not accept another user", async () => {
    const { gateway, bot, grant, toBuyer } = await start(kind)
    await grant([SCOPE, 'offline'], 'seller')
    const { status, text } = await sendWithoutToken(gateway, toBuyer)
    expect([status, parseJson(text)['code']]).toEqual([403, 'consent_required'])
    const ended = await completeFlow(String(parseJson(text)['consent_url']), { side: 'seller' })
    expect(ended.status).toBe(403)
    expect((await sendWithoutToken(gateway, toBuyer)).status).toBe(403)
    expect(bot.calls).toEqual([])
  })

  test("uses the request's token where there is one, and with a refused grant answers a link", async () => {
    const { gateway, bot, grant, toBuyer } = await start(kind)
    await grant([SCOPE, 'offline'])
    const headers = { authorization: `Bearer ${KEYS.token}` }
    await sendWithoutToken(gateway, toBuyer, { headers }).expect(200)
    expect(bot.calls[0]?.headers.authorization).toBe(headers.authorization)
    bot.answerNext({ status: 401, body: '{}' })
    expect(parseJson((await sendWithoutToken(gateway, toBuyer)).text)).toMatchObject({
      code: 'token_refused',
      consent_url: expect.stringContaining('/oauth/start/'),
    })
  })
})
