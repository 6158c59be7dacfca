import type { Client } from './client.ts'
import type { GatewayProcess, Ready } from './gateway.ts'

/** One gateway after another. */
export class Gateways {
  /** Undefined while there is none. */
  client: Client | undefined
  readonly #spawn: () => GatewayProcess
  #process: GatewayProcess | undefined

  constructor(spawn: () => GatewayProcess) {
    this.#spawn = spawn
  }

  async start(): Promise<void> {
    this.#process = this.#spawn()
    this.client = (await this.#process.ready).client
  }

  async kill(): Promise<void> {
    this.client = undefined
    await this.#process?.kill()
  }

  async current(): Promise<Ready & { process: GatewayProcess }> {
    if (this.#process === undefined) throw new Error('there is no gateway')
    return { ...(await this.#process.ready), process: this.#process }
  }
}
