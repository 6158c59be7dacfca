import { call } from './call.ts'
import { TOO_MANY_WRONG_KEYS, type Check } from './doctor-check.ts'

/** By the metrics, which count those of all callers, and which every caller may read. Waiting is no fault: a user may never consent. */
export const subscriptions: Check = {
  name: 'no subscription has failed',
  needsKey: false,
  run: async ({ internal: { target, key } }) => {
    const headers = key === undefined ? {} : { 'x-api-key': key }
    const { status, body } = await call(target.at('/metrics'), { method: 'GET', headers })
    if (status === 429) return TOO_MANY_WRONG_KEYS
    if (status === 401 && key === undefined) return { verdict: 'skipped', detail: 'it needs --internal-key' }
    if (status === 401) return 'answered 401: --internal-key is none of INTERNAL_API_KEYS'
    if (status === 404) return { verdict: 'skipped', detail: 'it needs --internal-url, the address of INTERNAL_PORT' }
    if (status !== 200) return `GET /metrics answered ${status}`
    if (/^# \w+ kenar_subscriptions /m.test(body) && !body.includes('kenar_subscriptions{'))
      return {
        verdict: 'skipped',
        detail: 'the gateway has not counted them: it has just started, or its store is away',
      }
    const [failed, waiting] = [countIn(body, 'failed'), countIn(body, 'waiting')]
    const waits = waiting === 0 ? '' : `${waiting} waiting for the consent of the user, or to be registered`
    if (failed > 0)
      return `${failed} failed; GET /subscriptions?state=failed says why${waits === '' ? '' : `; ${waits}`}`
    return waits === '' ? undefined : { verdict: 'ok', detail: waits }
  },
}

/** 0 where the gateway keeps none. */
function countIn(metrics: string, state: 'failed' | 'waiting'): number {
  return Number(new RegExp(`^kenar_subscriptions\\{state="${state}"\\} (\\d+)$`, 'm').exec(metrics)?.[1] ?? 0)
}
