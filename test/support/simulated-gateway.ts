import { afterAll } from '@jest/globals'
import { createLogger } from '../../src/observability/log.ts'
import { readConfig, type Environment } from '../../src/config/config.ts'
import { startGateway } from '../../src/app/gateway.ts'
import { startSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator/simulator.ts'
import { environment, KEYS } from './gateway.ts'

const running: (() => Promise<unknown>)[] = []
afterAll(async () => {
  await Promise.all(running.map((stop) => stop()))
})

/** The seller's token, good for all of her chats. */
export const SELLER_TOKEN = 'ory_at_of-the-seller'

export type SimulatedGateway = { simulator: Simulator; gatewayUrl: string }

/**
 * A strict simulator and a gateway, connected as in the demo. They are stopped after the tests of the file.
 * @param overrides of the gateway's environment, given the simulator's address
 */
export async function startSimulatedGateway(
  overrides: (simulatorUrl: string) => Environment = () => ({}),
  options: Partial<SimulatorOptions> = {},
): Promise<SimulatedGateway> {
  const simulator = await startSimulator({
    apiKey: KEYS.divarApi,
    identificationKey: KEYS.identification,
    checks: 'strict',
    tokens: [{ accessToken: SELLER_TOKEN, side: 'seller', scopes: ['CHAT_SUPPLIER_ALL_CONVERSATIONS_MESSAGE_SEND'] }],
    ...options,
  })
  running.push(simulator.close)
  const config = readConfig({ ...environment(simulator.url), ...overrides(simulator.url) })
  const gateway = await startGateway(config, createLogger('fatal'))
  running.push(() => gateway.stop())
  const gatewayUrl = `http://127.0.0.1:${gateway.port}`
  simulator.conversation.change({
    sessionUrl: `${gatewayUrl}/divar/session`,
    actionUrl: `${gatewayUrl}/divar/action`,
    eventsUrl: `${gatewayUrl}/divar/events`,
  })
  return { simulator, gatewayUrl }
}

/** A service sends a message through the gateway as the seller. */
export async function sendThrough(gatewayUrl: string, body: unknown): Promise<Response> {
  return fetch(`${gatewayUrl}/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': KEYS.caller, 'x-access-token': SELLER_TOKEN },
    body: JSON.stringify(body),
  })
}
