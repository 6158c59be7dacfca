import { afterAll } from '@jest/globals'
import { freePort } from '../../prove/support/free-port.ts'
import { startApp, type SampleApp } from '../../src/demo/app.ts'
import { APP } from './consent-app.ts'
import { withStore } from './databases.ts'
import { KEYS } from './gateway.ts'
import { startSimulatedGateway, type SimulatedGateway } from './simulated-gateway.ts'

const RESOLVER_SECRET = 'secret-between-gateway-and-app'

const running: (() => Promise<unknown>)[] = []
afterAll(async () => {
  await Promise.all(running.map((stop) => stop()))
})

/** All of the demo: gateway, simulator, sample app. They are stopped after the tests of the file. */
export async function startDemo(): Promise<SimulatedGateway & { app: SampleApp }> {
  // The app and the gateway name each other, so one port has to be known before it listens.
  const port = await freePort()
  const app = await startApp({
    port: 0,
    gatewayUrl: `http://127.0.0.1:${port}`,
    internalKey: KEYS.caller,
    resolverSecret: RESOLVER_SECRET,
  })
  running.push(app.close)
  const store = await withStore('sqlite')
  const setup = await startSimulatedGateway(
    (simulatorUrl) => ({
      ...store,
      PORT: String(port),
      RESOLVER: 'forward',
      RESOLVER_URL: `${app.url}/resolve`,
      RESOLVER_SECRET,
      ACTION_URL: `${app.url}/action`,
      PUBLIC_URL: `http://127.0.0.1:${port}`,
      DIVAR_OAUTH_URL: simulatorUrl,
      DIVAR_APP_SLUG: APP.slug,
      DIVAR_CLIENT_SECRET: APP.clientSecret,
    }),
    { app: APP },
  )
  return { ...setup, app }
}
