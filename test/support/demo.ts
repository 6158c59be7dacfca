import { afterAll } from '@jest/globals'
import { freePort } from '../../prove/support/free-port.ts'
import { startDemo as start, type Demo } from '../../src/demo/start-demo.ts'
import { createLogger } from '../../src/observability/log.ts'
import { KEYS } from './gateway.ts'
import { SELLER_TOKEN } from './simulated-gateway.ts'

const running: (() => Promise<unknown>)[] = []
afterAll(async () => {
  await Promise.all(running.map((stop) => stop()))
})

/** All of the demo, with an empty chat: gateway, simulator, sample app. They are stopped after the tests of the file. */
export async function startDemo(): Promise<Demo & { lines: readonly string[] }> {
  const lines: string[] = []
  const demo = await start({
    ports: { gateway: await freePort(), internal: await freePort(), simulator: 0, app: 0 },
    keys: {
      identification: KEYS.identification,
      caller: KEYS.caller,
      api: KEYS.divarApi,
      userToken: SELLER_TOKEN,
    },
    say: (line) => lines.push(line),
    log: createLogger('fatal'),
  })
  running.push(demo.stop)
  return { ...demo, lines }
}
