import { freePort } from '../../prove/support/free-port.ts'
import { APP } from './consent-app.ts'
import { withStore } from './databases.ts'
import { startSimulatedGateway, type SimulatedGateway } from './simulated-gateway.ts'

/**
 * A gateway whose every click leads to this landing, after consent, and a simulator that gives it.
 * @param publicUrl where browsers reach the gateway that listens on this port; on `localhost` it is another site than the simulator
 */
export async function startSimulatedConsent(
  landing: string,
  publicUrl: (port: number) => string | Promise<string> = (port) => `http://127.0.0.1:${port}`,
): Promise<SimulatedGateway> {
  const port = await freePort()
  const store = await withStore('sqlite')
  const address = await publicUrl(port)
  return startSimulatedGateway(
    (simulatorUrl) => ({
      ...store,
      PORT: String(port),
      PUBLIC_URL: address,
      LANDING_URL_TEMPLATE: landing,
      LANDING_SCOPES: 'chat,offline',
      DIVAR_OAUTH_URL: simulatorUrl,
      DIVAR_APP_SLUG: APP.slug,
      DIVAR_CLIENT_SECRET: APP.clientSecret,
    }),
    { app: APP },
  )
}
