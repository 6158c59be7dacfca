import { createServer, type ServerResponse } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import { DATABASES, withStore } from '../support/databases.ts'
import { V1 } from '../support/messages.ts'
import { originOf } from '../support/listen.ts'
import { chatMessage, eventually, post, queue, startOn, until } from '../support/outbox.ts'

const PLACES = 3
const MESSAGES = 20

function end(response: ServerResponse): void {
  response.setHeader('content-type', 'application/json').end('{"status":200,"message":"success"}')
}

test.each(DATABASES)(
  'on %s the outbox has no more open requests to Divar than its concurrency, over both wires together',
  async (kind) => {
    const open = new Set<ServerResponse>()
    let most = 0
    let answered = 0
    const answerAll = () => {
      for (const response of open) {
        answered += 1
        end(response)
      }
      open.clear()
    }
    const divar = await originOf(
      createServer((request, response) => {
        open.add(response)
        most = Math.max(most, open.size)
        request.resume()
        // Answers once all places are taken, or the last messages are here, and leaves one more request the time to come.
        if (open.size === PLACES || answered + open.size === MESSAGES) void setTimeout(20).then(answerAll)
      }),
    )
    const gateway = await startOn(await withStore(kind), {
      OUTBOX_CONCURRENCY: String(PLACES),
      DIVAR_API_URL: divar,
      DIVAR_V1_API_URL: divar,
    })
    const bodies = Array.from({ length: MESSAGES }, (_, index) =>
      index % 2 === 0 ? chatMessage(`c-${index}`, 'x') : { ...V1, post_token: `post-${index}` },
    )
    const ids = await Promise.all(bodies.map((body) => queue(gateway, body)))
    for (const id of ids) await until(gateway, id, 'delivered')
    expect(most).toBe(PLACES)
  },
)

test('while the outbox waits for Divar in all its places, 64 synchronous sends are at Divar at the same time', async () => {
  const open: ServerResponse[] = []
  const divar = await originOf(
    createServer((request, response) => {
      open.push(response)
      request.resume()
      if (open.length > PLACES + 64) end(response)
    }),
  )
  const gateway = await startOn(await withStore('sqlite'), {
    OUTBOX_CONCURRENCY: String(PLACES),
    DIVAR_API_URL: divar,
    DIVAR_V1_API_URL: divar,
    DIVAR_TIMEOUT_MS: '60000',
  })
  for (let index = 0; index < 2 * PLACES; index += 1) await queue(gateway, chatMessage(`queued-${index}`, 'x'))
  await eventually(() => Promise.resolve(open.length === PLACES || undefined), 'the outbox fills its places')
  const sent = Promise.all(Array.from({ length: 64 }, (_, index) => post(gateway, chatMessage(`sent-${index}`, 'x'))))
  await eventually(
    () => Promise.resolve(open.length === PLACES + 64 || undefined),
    'every synchronous send is at Divar',
  )
  open.forEach(end)
  const responses = await sent
  expect(responses.map(({ status }) => status)).toEqual(responses.map(() => 200))
})
