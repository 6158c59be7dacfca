import { createServer, type RequestListener } from 'node:http'
import { expect, test } from '@jest/globals'
import { createHost, type Host } from '../../src/outbound/host.ts'
import { readTrace } from '../../src/observability/trace.ts'
import { createWebhook } from '../../src/outbox/webhooks.ts'
import { originOf } from '../support/listen.ts'

const SECRET = `whsec_${Buffer.alloc(24, 1).toString('base64')}`

/** Delivers a status webhook to a receiver with this behaviour; a wait for the full timeout is shortened. */
async function deliverTo(receiver: RequestListener, part = 1) {
  const url = new URL(await originOf(createServer(receiver)))
  const host = createHost(url.origin, 1000)
  const timeouts: number[] = []
  const hasty: Host = {
    ...host,
    send: (request) => {
      timeouts.push(request.timeoutMs)
      return host.send({ ...request, timeoutMs: request.timeoutMs * part })
    },
  }
  const outcome = await createWebhook({ url, secrets: [SECRET], host: hasty, userAgent: 'test' })(
    'evt_1',
    '{}',
    readTrace(undefined),
  )
  await host.destroy()
  return { outcome, timeouts }
}

test('a redirect of the webhook is not followed: no request reaches its target', async () => {
  let asked = 0
  const elsewhere = await originOf(
    createServer((_, response) => {
      asked += 1
      response.end()
    }),
  )
  for (const status of [301, 302, 303, 307, 308]) {
    const { outcome } = await deliverTo((_, response) => response.writeHead(status, { location: elsewhere }).end())
    expect(outcome).toEqual({ kind: 'platform_error', divar: { status } })
  }
  expect(asked).toBe(0)
})

test('an endless answer of the webhook is cut off, and a missing one is waited for at most 10 s', async () => {
  const endless = await deliverTo((_, response) => {
    const more = (error?: Error | null) => error ?? response.write('x'.repeat(10_000), more)
    more()
  })
  // It said yes; what else it says is of no interest.
  expect(endless.outcome).toEqual({ kind: 'delivered', status: 200 })
  const silent = await deliverTo(() => undefined, 0.01)
  expect(silent).toEqual({ outcome: { kind: 'unknown', cause: 'remote', reason: 'timeout' }, timeouts: [10_000] })
})

test('a Retry-After of the webhook is obeyed', async () => {
  const { outcome } = await deliverTo((_, response) => response.writeHead(503, { 'retry-after': '120' }).end())
  expect(outcome).toEqual({ kind: 'platform_error', divar: { status: 503 }, retryAfterSeconds: 120 })
})
