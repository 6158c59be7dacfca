import { beforeAll, describe, expect, test } from '@jest/globals'
import type { Misbehaviour } from '../../src/simulator/simulator.ts'
import { DATABASES, withStore } from '../support/databases.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { TRIPLE } from '../support/messages.ts'
import {
  answer,
  divarAt,
  FAST_RETRIES,
  listMessages,
  ONE_TRY,
  queue,
  chatMessage,
  getMessage,
  startDivar,
  startOn,
  startStored,
  retryOrCancel,
  textsReceivedBy,
  hasAttempts,
  until,
} from '../support/outbox.ts'
import { parseJson } from '../support/requests.ts'

/** A Divar that does these to the message with this text, one after the other. */
function startDivarAgainst(text: string, ...misbehaviours: Misbehaviour[]) {
  return startDivar({ decide: ({ body }) => (parseJson(body)['message'] === text ? misbehaviours.shift() : undefined) })
}

const LATER = answer(503, '{}', { 'retry-after': '30' })

describe.each(DATABASES)('on %s', (kind) => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startTestGateway(await withStore(kind, { ...FAST_RETRIES, ...ONE_TRY }))
  })

  test('messages of one conversation arrive in order, even if the first needs three attempts; other conversations do not wait', async () => {
    const divar = await startDivarAgainst('1', LATER, answer(500))
    const own = await startStored(kind, { ...FAST_RETRIES, ...divarAt(divar) })
    const ids: string[] = []
    for (const text of ['1', '2', '3']) ids.push(await queue(own, chatMessage('c-1', text)))
    const [first = '', second = '', third = ''] = ids
    await until(own, first, 'queued', hasAttempts(1))
    await until(own, await queue(own, chatMessage('c-2', 'of another')), 'delivered')
    for (const id of [second, third]) {
      expect(await getMessage(own, id)).toMatchObject({ state: 'queued', next_attempt_at: null, attempts: [] })
    }
    expect((await retryOrCancel(own, first, 'retry')).status).toBe(202)
    await until(own, third, 'delivered')
    expect(textsReceivedBy(divar)).toEqual(['1', 'of another', '1', '1', '2', '3'])
    expect((await getMessage(own, first)).attempts).toHaveLength(3)
  })

  test('both senders of a v1 chat write to the same conversation', async () => {
    const divar = await startDivarAgainst('1', LATER)
    const own = await startStored(kind, { ...FAST_RETRIES, ...divarAt(divar) })
    const first = await queue(own, { ...TRIPLE, message: '1' })
    const back = { ...TRIPLE, user_id: TRIPLE.peer_id, peer_id: TRIPLE.user_id }
    const second = await queue(own, { ...back, message: '2' })
    const ofAnotherPost = await queue(own, { ...TRIPLE, post_token: 'another', message: '3' })
    await until(own, ofAnotherPost, 'delivered')
    await until(own, first, 'queued', hasAttempts(1))
    expect(await getMessage(own, second)).toMatchObject({ state: 'queued', next_attempt_at: null, attempts: [] })
    expect((await retryOrCancel(own, first, 'retry')).status).toBe(202)
    await until(own, second, 'delivered')
    expect(textsReceivedBy(divar).filter((text) => text !== '3')).toEqual(['1', '1', '2'])
  })

  test('simultaneous messages are sent in the order in which they were accepted', async () => {
    const start = gateway.divar.received.length
    const texts = Array.from({ length: 20 }, (_, index) => String(index))
    const ids = new Map(
      await Promise.all(texts.map(async (text) => [await queue(gateway, chatMessage('c-1', text)), text] as const)),
    )
    await until(gateway, await queue(gateway, chatMessage('c-1', 'last')), 'delivered')
    const taken = (await listMessages(gateway)).messages.map(({ id }) => ids.get(id) ?? 'last').reverse()
    expect(textsReceivedBy(gateway.divar).slice(start)).toEqual(taken)
    expect(taken).toHaveLength(21)
  })

  test.each([
    ['delivered', undefined],
    ['rejected', answer(412)],
    ['unknown', { kind: 'reset' } as const],
    ['failed', answer(503, '{}', { 'retry-after': '86400' })],
    ['cancelled', LATER],
  ] as const)('the next message is sent once the first is %s, and not before', async (state, misbehaviour) => {
    const start = gateway.divar.received.length
    if (misbehaviour) gateway.divar.misbehave(misbehaviour)
    const conversation = `c-${state}`
    const [first, second] = [
      await queue(gateway, chatMessage(conversation, '1')),
      await queue(gateway, chatMessage(conversation, '2')),
    ]
    if (state === 'cancelled') {
      await until(gateway, first, 'queued', hasAttempts(1))
      expect((await retryOrCancel(gateway, first, 'cancel')).status).toBe(200)
    }
    const { finished_at } = await until(gateway, first, state)
    const { attempts } = await until(gateway, second, 'delivered')
    expect(Date.parse(attempts[0]?.at ?? '')).toBeGreaterThanOrEqual(Date.parse(finished_at ?? ''))
    expect(textsReceivedBy(gateway.divar).slice(start)).toEqual(['1', '2'])
  })
})

describe.each(DATABASES.filter((kind) => kind === 'postgres'))('two gateways on one %s', (kind) => {
  test('deliver each message once and each conversation in order', async () => {
    const texts: unknown[] = []
    // Some fail at first, so that the gateways take turns.
    let failures = 0
    const divar = await startDivar({
      decide: () => ((failures += 1) % 4 === 0 ? answer(500) : undefined),
      onSend: ({ body }, status) => status === 200 && texts.push(parseJson(body)['message']),
    })
    const store = await withStore(kind, { RETRY_FIRST_MS: '20', RETRY_MAX_MS: '20', ...divarAt(divar) })
    const gateways = [await startOn(store), await startOn(store)] as const
    const carried = () =>
      gateways.map(
        (gateway) => gateway.lines().filter(({ event, attempt }) => event === 'message.delivered' && attempt).length,
      )
    const conversations = ['a', 'b', 'c', 'd', 'e', 'f']
    const numbers: number[] = []
    // Which of them takes a message is left to chance: more of them, a bounded number of times, until both had some.
    for (let batch = 0; batch < 20 && carried().includes(0); batch += 1) {
      const ids: string[] = []
      for (let step = 0; step < 5; step += 1) {
        const number = numbers.push(numbers.length) - 1
        const [one, other] = gateways
        ids.push(
          ...(await Promise.all(
            conversations.map((name, index) =>
              queue((index + number) % 2 ? one : other, chatMessage(name, `${name}${number}`)),
            ),
          )),
        )
      }
      for (const id of ids) await until(gateways[0], id, 'delivered')
    }
    expect(texts).toHaveLength(numbers.length * conversations.length)
    for (const name of conversations) {
      const arrived = texts.map(String).filter((text) => text.startsWith(name))
      expect(arrived).toEqual(numbers.map((number) => `${name}${number}`))
    }
    expect(carried()).not.toContain(0)
  })
})
