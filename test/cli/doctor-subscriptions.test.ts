import { expect, test } from '@jest/globals'
import { runCli } from '../support/command-line.ts'
import { completeFlow } from '../support/consent.ts'
import { KEYS, startTestGateway } from '../support/gateway.ts'
import { ask, eventually, startOn, type Reachable } from '../support/outbox.ts'
import { putSubscription, startSubscribing, untilSubscription } from '../support/subscriptions.ts'

async function findingOf(...args: string[]) {
  const { code, out } = await runCli('doctor', '--key', KEYS.identification, ...args)
  return [code, out.split('\n').find((line) => line.includes('no subscription has failed'))]
}
const WITH_KEY = ['--internal-key', KEYS.caller]

/** Subscriptions are counted at the start of a gateway. */
function counted(gateway: Reachable, state: 'waiting' | 'failed') {
  const look = async () => (await ask(gateway, '/metrics')).text.includes(`kenar_subscriptions{state="${state}"} 1`)
  return eventually(async () => (await look()) || undefined, `one ${state}`)
}

test('doctor says how many subscriptions wait, which is no fault, and how many have failed, which is one', async () => {
  const { divar, environment, gateway, wanted } = await startSubscribing()
  const { id, consent_url } = await putSubscription(gateway, wanted)
  await gateway.stop()
  const again = await startOn(environment)
  await counted(again, 'waiting')
  const waits = '1 waiting for the consent of the user, or to be registered'
  expect(await findingOf('--url', again.url, ...WITH_KEY)).toEqual([0, `ok      no subscription has failed: ${waits}`])
  divar.misbehave({ kind: 'answer', status: 403, body: '{"code":7,"message":"not this app"}' })
  await completeFlow(String(consent_url), { side: 'seller' })
  await untilSubscription(again, id, 'failed')
  await again.stop()
  const last = await startOn(environment)
  await counted(last, 'failed')
  const failed = '1 failed; GET /subscriptions?state=failed says why'
  expect(await findingOf('--url', last.url, ...WITH_KEY)).toEqual([1, `FAILED  no subscription has failed: ${failed}`])
}, 60_000)

test('doctor looks at subscriptions on the port for services, and skips them where it has no key or no address', async () => {
  const one = await startTestGateway({ WRONG_KEYS_PER_MINUTE: '1000' })
  const ok = 'ok      no subscription has failed'
  const skipped = 'skipped no subscription has failed: it needs'
  expect(await findingOf('--url', one.url, ...WITH_KEY)).toEqual([0, ok])
  expect(await findingOf('--url', one.url)).toEqual([0, `${skipped} --internal-key`])
  expect(await findingOf('--url', one.url, '--internal-key', 'none-of-the-callers')).toEqual([
    1,
    'FAILED  no subscription has failed: answered 401: --internal-key is none of INTERNAL_API_KEYS',
  ])
  const two = await startTestGateway({ INTERNAL_PORT: '0' })
  expect(await findingOf('--url', two.url)).toEqual([0, `${skipped} --internal-url, the address of INTERNAL_PORT`])
  expect(await findingOf('--url', two.url, '--internal-url', two.internalUrl)).toEqual([0, ok])
})
