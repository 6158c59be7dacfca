import { afterAll } from '@jest/globals'
import { landingTemplate, startApp, type SampleApp } from '../../src/demo/app.ts'
import { KEYS } from './gateway.ts'
import { freePort } from './listen.ts'
import { SELLER_TOKEN, startStand, type Stand } from './stand.ts'

const running: (() => Promise<unknown>)[] = []
afterAll(async () => {
  await Promise.all(running.map((stop) => stop()))
})

/** All of the demo: gateway, simulator, sample app. Nobody has to stop them. */
export async function startDemoStand(): Promise<Stand & { app: SampleApp }> {
  // The app and the gateway name each other, so one port has to be known before it listens.
  const port = await freePort()
  const app = await startApp({
    port: 0,
    gatewayUrl: `http://127.0.0.1:${port}`,
    internalKey: KEYS.caller,
    userToken: SELLER_TOKEN,
  })
  running.push(app.close)
  const stand = await startStand(() => ({ PORT: String(port), LANDING_URL_TEMPLATE: landingTemplate(app.url) }))
  return { ...stand, app }
}
