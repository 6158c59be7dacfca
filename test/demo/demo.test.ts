import { beforeAll, describe, expect, test } from '@jest/globals'
import * as z from 'zod'
import { PRICE } from '../../src/demo/app-messages.ts'
import { beginChat } from '../../src/demo/start-demo.ts'
import { completeFlow } from '../support/consent.ts'
import { startDemo } from '../support/demo.ts'
import { eventually } from '../support/outbox.ts'

let demo: Awaited<ReturnType<typeof startDemo>>
beforeAll(async () => {
  demo = await startDemo()
  await beginChat(demo)
})

async function control(path: string, body: unknown): Promise<unknown> {
  const answer = await fetch(`${demo.simulator.url}/simulator/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  expect(answer.status).toBeLessThan(300)
  return answer.json()
}

const result = z.object({ url: z.string() })
const clickMenu = async () => result.parse(await control('clicks', { side: 'buyer' })).url

/** The lines since `from`, once each of these is among them. */
const linesUntil = (from: number, ...wanted: readonly RegExp[]) =>
  eventually(() => {
    const lines = demo.lines.slice(from)
    return Promise.resolve(wanted.every((line) => lines.some((one) => line.test(one))) ? lines : undefined)
  }, wanted.join(' and '))

describe('the terminal of the demo shows, without a text,', () => {
  test('a click, consent, the message that the app sends, and the event about a reply', async () => {
    const from = demo.lines.length
    const landing = (await completeFlow(await clickMenu())).location
    const booked = await fetch(new URL('/book', landing), {
      method: 'POST',
      body: new URLSearchParams({ click_id: new URL(landing).searchParams.get('click_id') ?? '' }),
    })
    expect(booked.status).toBe(200)
    await control('messages', { side: 'buyer', text: 'a secret reply' })
    const lines = await linesUntil(
      from,
      /^click POST \S+\/divar\/session 200 ok/,
      /^landing GET \S+\/oauth\/start\/\*\*\* ok/,
      /^token POST \/oauth2\/token 200 ok/,
      /^delivery POST \/v2\/open-platform\/chat\/conversation 200 ok/,
      /^event POST \S+\/divar\/events 200 ok/,
      /^app got NEW_MESSAGE dve_/,
    )
    expect(lines.join('\n')).not.toMatch(/secret reply|دوچرخه|demo-.*-key|cns_/)
  })

  test("a message to the app's bot, and its answer, whose buttons work", async () => {
    const from = demo.lines.length
    await control('bot/start', { side: 'buyer' })
    const answered = /^bot POST .* 200 ok$/
    const lines = await linesUntil(from, answered, /^app got NEW_CHATBOT_MESSAGE dve_\S+, signature verified$/)
    expect(lines.join('\n')).not.toContain('/start CHAT')
    const { id } = await eventually(
      () =>
        Promise.resolve(
          demo.simulator.conversation.snapshot().messages.find(({ chat, kind }) => chat && kind === 'app'),
        ),
      'the answer of the bot',
    )
    const press = (row: number, column: number) => control('clicks', { side: 'buyer', message_id: id, row, column })
    expect(await press(0, 0)).toMatchObject({ text: PRICE })
    expect(await press(1, 0)).toMatchObject({ url: expect.stringContaining('/start?click_id=clk_') })
  })

  test('a revoked access, which ends the grant in the gateway', async () => {
    if ((await clickMenu()).includes('/oauth/start/')) await completeFlow(await clickMenu())
    expect(await clickMenu()).toContain('/start?click_id=clk_')
    const from = demo.lines.length
    expect(await control('revoke', { side: 'buyer' })).toEqual({ revoked: true, told: true })
    await linesUntil(from, /^app got USER_ACCESS_REVOCATION dve_/)
    expect(await clickMenu()).toContain('/oauth/start/')
  })
})

test.each(['seller', 'buyer'] as const)('both API versions: after a revocation the %s is asked again', async (side) => {
  for (const wire of ['v1', 'v2']) {
    await control('settings', { wire })
    const click = async () => result.parse(await control('clicks', { side })).url
    await completeFlow(await click(), { side })
    expect(await click()).toContain('/start?click_id=clk_')
    expect(await control('revoke', { side })).toEqual({ revoked: true, told: true })
    await eventually(async () => ((await click()).includes('/oauth/start/') ? true : undefined), 'a consent link')
  }
})

test('the sample app refuses an event without a valid signature', async () => {
  const from = demo.lines.length
  const answer = await fetch(`${demo.app.url}/events`, { method: 'POST', body: '{"type":"NEW_MESSAGE"}' })
  expect(answer.status).toBe(401)
  const ofApp = demo.lines.slice(from).filter((line) => line.startsWith('app '))
  expect(ofApp).toEqual([expect.stringContaining('app refused an event')])
})
