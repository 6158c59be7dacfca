import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import supertest from 'supertest'
import { environment, KEYS } from '../support/gateway.ts'
import { originOf } from '../support/listen.ts'
import { V1, V2 } from '../support/messages.ts'
import { post } from '../support/outbox.ts'
import { spawnGateway } from '../support/process.ts'
import { CLICK, replyOf } from '../support/requests.ts'

const ALL = 5
const FALLBACK = 'https://app.example.com/sorry'
const LANDING = 'https://app.example.com/ok'

/** A server that holds its answers back until it has all requests; `answerAll` then lets them go. */
async function startHolding(body: string) {
  const held: ServerResponse[] = []
  const all = Promise.withResolvers<undefined>()
  const listener: RequestListener = (request, response) => {
    request.resume().on('end', () => {
      held.push(response)
      if (held.length === ALL) all.resolve(undefined)
    })
  }
  return {
    origin: await originOf(createServer(listener)),
    all: all.promise,
    answerAll: () => {
      for (const response of held) response.end(body)
    },
  }
}

test('answers that arrive while the process is paused are used, even if every deadline passed during the pause', async () => {
  const resolver = await startHolding(JSON.stringify({ url: LANDING }))
  const divar = await startHolding('{"status":200,"message":"success"}')
  const gateway = spawnGateway({
    ...environment(divar.origin),
    RESOLVER: 'forward',
    RESOLVER_URL: `${resolver.origin}/resolve`,
    RESOLVER_SECRET: 's3cret',
    FALLBACK_LANDING_URL: FALLBACK,
    DIVAR_TIMEOUT_MS: '1500',
  })
  const url = `http://127.0.0.1:${await gateway.started}`
  const clicks = Array.from({ length: ALL }, async () =>
    supertest(url).post('/divar/session').set('authorization', KEYS.identification).send(CLICK),
  )
  const sends = Array.from({ length: ALL }, async (_, index) => post({ internalUrl: url }, index % 2 === 0 ? V1 : V2))
  await Promise.all([resolver.all, divar.all])
  gateway.kill('SIGSTOP')
  await wait(100)
  resolver.answerAll()
  divar.answerAll()
  // Nothing of a paused process can be waited for; this is how long its deadlines of 1.5 s take to pass.
  await wait(2000)
  gateway.kill('SIGCONT')
  for (const response of await Promise.all(clicks)) expect(replyOf(response).url).toBe(LANDING)
  for (const { status, text } of await Promise.all(sends)) {
    expect({ status, text }).toEqual({ status: 200, text: expect.stringContaining('"success"') })
  }
  expect(gateway.stdout()).not.toContain('breaker.open')
})
