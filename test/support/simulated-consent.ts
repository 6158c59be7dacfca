import { freePort } from '../../prove/support/free-port.ts'
import { APP } from './consent-app.ts'
import { withStore } from './databases.ts'
import { startSimulatedGateway, type SimulatedGateway } from './simulated-gateway.ts'

/**
 * A gateway whose every click leads to this landing, after consent, and a simulator that gives it.
 * @param host by which browsers reach the gateway; by `localhost` it is another site than the simulator
 */
export async function startSimulatedConsent(
  landing: string,
  host: '127.0.0.1' | 'localhost' = '127.0.0.1',
): Promise<SimulatedGateway> {
  const port = await freePort()
  const store = await withStore('sqlite')
  return startSimulatedGateway(
    (simulatorUrl) => ({
      ...store,
      PORT: String(port),
      PUBLIC_URL: `http://${host}:${port}`,
      LANDING_URL_TEMPLATE: landing,
      LANDING_SCOPES: 'chat,offline',
      DIVAR_OAUTH_URL: simulatorUrl,
      DIVAR_APP_SLUG: APP.slug,
      DIVAR_CLIENT_SECRET: APP.clientSecret,
    }),
    { app: APP },
  )
}
