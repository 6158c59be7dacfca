import { describe, expect, test } from '@jest/globals'
import type { Simulator } from '../../src/simulator/simulator.ts'
import {
  clickMenu,
  messageTo,
  refreshesAt,
  sendWithoutToken,
  startConsentDivar,
  completeFlow,
  withConsent,
} from '../support/consent.ts'
import { DATABASES } from '../support/databases.ts'
import { spawnReachable, startOn, type Reachable } from '../support/outbox.ts'
import { parseJson } from '../support/requests.ts'
import { alter } from '../support/stores.ts'

async function send(gateway: Reachable, divar: Simulator) {
  const { status, text } = await sendWithoutToken(gateway, messageTo(divar))
  return { status, code: status === 200 ? undefined : parseJson(text)['code'] }
}

const onPostgres = DATABASES.includes('postgres') ? describe : describe.skip

onPostgres('three gateways, each a process of its own, on one PostgreSQL', () => {
  test('refresh an expired token exactly once for a hundred concurrent sends, and deliver all of them', async () => {
    const { divar } = await startConsentDivar()
    const environment = await withConsent(divar.url, { on: 'postgres' })
    const first = await startOn(environment)
    await completeFlow(await clickMenu({ url: first.url, divar }))
    await first.stop()
    await alter(String(environment['DATABASE_URL']), 'update user_grant set access_until = 0')
    divar.grants.expireAll()

    const replica = () => spawnReachable(divar, { ...environment, PORT: '0', HOST: '127.0.0.1' })
    const replicas = await Promise.all([replica(), replica(), replica()])
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) => send(replicas[index % 3] ?? first, divar)),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(refreshesAt(divar)).toBe(1)
    expect(new Set(divar.received.map(({ headers }) => headers.authorization)).size).toBe(1)
    for (const { kill } of replicas) kill('SIGTERM')
    expect(await Promise.all(replicas.map(({ exited }) => exited))).toEqual([0, 0, 0])
  })
})

describe.each(DATABASES)(
  'a gateway on %s that crashes after Divar rotated its tokens and before it stored them',
  (kind) => {
    /** Divar kills the gateway while it writes the answer. */
    async function died() {
      const killing: { gateway?: { kill: (signal: 'SIGKILL') => void } } = {}
      const { divar, pass } = await startConsentDivar({
        log: (line) => {
          if (line.startsWith('token ') && refreshesAt(divar) === 1) killing.gateway?.kill('SIGKILL')
        },
      })
      const environment = await withConsent(divar.url, { on: kind })
      const before = await startOn(environment)
      await completeFlow(await clickMenu({ url: before.url, divar }))
      await before.stop()
      await alter(String(environment['DATABASE_URL']), 'update user_grant set access_until = 0')
      const gateway = await spawnReachable(divar, environment)
      killing.gateway = gateway
      await expect(send(gateway, divar)).rejects.toThrow()
      expect(await gateway.exited).toBe('SIGKILL')
      expect(refreshesAt(divar)).toBe(1)
      // The dead gateway's right to refresh ends by itself after 15 s; the tests do not wait for that.
      await alter(String(environment['DATABASE_URL']), 'update user_grant set lease_until = 0')
      return { divar, pass, environment }
    }

    test('continues with the previous pair while Divar accepts it', async () => {
      const { divar, environment } = await died()
      const next = await startOn(environment)
      expect(await send(next, divar)).toEqual({ status: 200, code: undefined })
    })

    test('asks the user again when it does not, without a loop, and no message is stuck', async () => {
      const { divar, pass, environment } = await died()
      // Divar accepts the previous pair for two minutes.
      pass(3 * 60 * 1000)
      const next = await startOn(environment)
      expect(await send(next, divar)).toEqual({ status: 403, code: 'consent_required' })
      expect(await send(next, divar)).toEqual({ status: 403, code: 'consent_required' })
      expect(refreshesAt(divar)).toBe(2)
      await completeFlow(await clickMenu({ url: next.url, divar }))
      expect(await send(next, divar)).toEqual({ status: 200, code: undefined })
    })
  },
)
