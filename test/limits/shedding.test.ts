import { connect } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import { ask } from '../support/outbox.ts'
import { startTestGateway } from '../support/gateway.ts'
import { click, CLICK, rawClick, replyOf } from '../support/requests.ts'
import { startHeldService } from '../support/resolvers.ts'

const FALLBACK = 'https://app.example.com/sorry'
const OK = 'https://app.example.com/ok'

async function startHeld(maxRunning: number, fallback?: string) {
  const service = await startHeldService(JSON.stringify({ url: OK }))
  const gateway = await startTestGateway({
    RESOLVER: 'forward',
    RESOLVER_URL: service.url,
    RESOLVER_SECRET: 's3cret',
    RESOLVER_TIMEOUT_MS: '30000',
    MAX_RUNNING_CLICKS: String(maxRunning),
    ...(fallback !== undefined && { FALLBACK_LANDING_URL: fallback }),
  })
  return { ...service, gateway }
}

describe('above MAX_RUNNING_CLICKS', () => {
  test('a click gets 503 at once, while earlier clicks still get their landing', async () => {
    const { gateway, asked, letGo } = await startHeld(1)
    const first = click(gateway, CLICK).then((response) => response)
    await asked
    const second = await click(gateway, CLICK)
    expect(second.status).toBe(503)
    expect(replyOf(second)).toEqual({ status: '503', message: 'This app takes no more clicks just now.', url: '' })
    expect(second.headers['retry-after']).toBe('1')
    expect(await gateway.logged('click.shed')).toMatchObject({
      level: 'error',
      status: 503,
      code: 'overloaded',
      reason: '1 clicks are running',
      click_id: expect.stringMatching(/^clk_/),
    })
    letGo()
    expect(replyOf(await first).url).toBe(OK)
    // There is room again.
    expect(replyOf(await click(gateway, CLICK)).url).toBe(OK)
    expect(gateway.lines().filter(({ event }) => event === 'click.refused')).toEqual([])
  })

  test('with FALLBACK_LANDING_URL the user gets the fallback landing', async () => {
    const { gateway, asked, letGo } = await startHeld(1, FALLBACK)
    const first = click(gateway, CLICK).then((response) => response)
    await asked
    const second = await click(gateway, CLICK)
    expect([second.status, replyOf(second)]).toEqual([200, { status: '200', message: 'success', url: FALLBACK }])
    expect(await gateway.logged('click.shed')).toMatchObject({ level: 'error', status: 200 })
    const { text } = await ask(gateway, '/metrics')
    expect(text).toContain('kenar_clicks_total{wire="v1",outcome="shed"} 1\n')
    expect(text).toContain('kenar_landings_total{outcome="fallback"} 1\n')
    letGo()
    expect(replyOf(await first).url).toBe(OK)
  })

  test('an invalid click still gets its own error', async () => {
    const { gateway, asked, letGo } = await startHeld(1, FALLBACK)
    const first = click(gateway, CLICK).then((response) => response)
    await asked
    expect((await click(gateway, {})).status).toBe(400)
    expect((await click(gateway, CLICK).set('authorization', 'wrong')).status).toBe(401)
    letGo()
    await first
  })

  test('only clicks that wait for their landing count, not unauthenticated ones or unfinished bodies', async () => {
    const { gateway, letGo } = await startHeld(1)
    letGo()
    const whole = rawClick(JSON.stringify(CLICK))
    const slow = [whole.subarray(0, -1), rawClick(JSON.stringify(CLICK), 'wrong').subarray(0, -1)].map((bytes) => {
      const socket = connect(gateway.port, '127.0.0.1')
      socket.on('error', () => undefined).write(bytes)
      return socket
    })
    await gateway.logged('click.refused')
    expect(replyOf(await click(gateway, CLICK)).url).toBe(OK)
    for (const socket of slow) socket.destroy()
  })

  test('a resolver that fails frees its place', async () => {
    const gateway = await startTestGateway({
      RESOLVER: 'forward',
      RESOLVER_URL: 'http://127.0.0.1:1/',
      RESOLVER_SECRET: 's3cret',
      MAX_RUNNING_CLICKS: '1',
    })
    for (let time = 0; time < 10; time += 1) expect((await click(gateway, CLICK)).status).toBe(500)
    expect(gateway.lines().some(({ event }) => event === 'click.shed')).toBe(false)
  })
})
