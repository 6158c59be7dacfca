import { afterAll, expect } from '@jest/globals'
import * as z from 'zod'
import { createLogger } from '../../src/observability/log.ts'
import { readConfig, type Environment } from '../../src/config/config.ts'
import { startGateway } from '../../src/app/gateway.ts'
import { startSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator/simulator.ts'

export const KEYS = {
  identification: 'Bearer of a key, with blanks',
  divarApi: 'divar-api-key-of-the-app',
  caller: 'orders-key-0123456789',
  token: 'ory_at_user-token',
}

/** Everything that a test started is stopped after the file, even if a test failed. */
const running: (() => Promise<unknown>)[] = []
/** In every test no log line may contain a token, a code, a consent link, or a phone number. */
const LEAK = /ory_(?:at|rt|ac)_|cns_[\w-]{24}|\b0912\d{7}\b/
const outputs: (() => string)[] = []
afterAll(async () => {
  await Promise.all(running.map((stop) => stop()))
  for (const output of outputs) expect(output()).not.toMatch(LEAK)
})

export type LogLine = Record<string, unknown>

export type TestGateway = {
  url: string
  internalUrl: string
  port: number
  divar: Simulator
  /** The log lines so far, parsed. */
  lines: () => LogLine[]
  /** The log lines so far, unparsed. */
  output: () => string
  /** Resolves once the lines are enough. */
  loggedWhen: (enough: (all: LogLine[]) => boolean) => Promise<void>
  /** Resolves with the first line that has this event, already there or still to come. */
  logged: (event: string) => Promise<LogLine>
  stop: () => Promise<boolean>
}

/** A gateway on a real socket, with the simulator as its Divar, both on ports of their own. It is stopped after the tests of the file. */
export async function startTestGateway(
  overrides: Environment | ((divarUrl: string) => Environment) = {},
  options: Partial<SimulatorOptions> = {},
): Promise<TestGateway> {
  const divar = await startSimulator({ apiKey: KEYS.divarApi, ...options })
  let output = ''
  // Parsed once: each line wakes all who wait for one, and some gateways log hundreds.
  const parsed: LogLine[] = []
  const waiting = new Set<() => void>()
  const log = createLogger('debug', {
    write: (line) => {
      output += line
      parsed.push(z.record(z.string(), z.unknown()).parse(JSON.parse(line)))
      for (const look of waiting) look()
    },
  })
  const lines = () => [...parsed]
  running.push(divar.close)
  outputs.push(() => output)
  const config = readConfig({
    ...environment(divar.url),
    ...(typeof overrides === 'function' ? overrides(divar.url) : overrides),
  })
  const gateway = await startGateway(config, log)
  const loggedWhen = (enough: (all: LogLine[]) => boolean) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (!enough(lines())) return
        waiting.delete(look)
        resolve()
      }
      waiting.add(look)
      look()
    })
  let stopped: Promise<boolean> | undefined
  const stop = () => (stopped ??= gateway.stop().finally(() => divar.close()))
  running.push(stop)
  return {
    url: `http://127.0.0.1:${gateway.port}`,
    internalUrl: `http://127.0.0.1:${gateway.internalPort}`,
    port: gateway.port,
    divar,
    lines,
    output: () => output,
    loggedWhen,
    logged: async (event) => {
      const isIt = (line: LogLine) => line['event'] === event
      await loggedWhen((all) => all.some(isIt))
      return lines().find(isIt) ?? {}
    },
    stop,
  }
}

/** A complete environment whose Divar is at `divarUrl`. */
export function environment(divarUrl = 'http://127.0.0.1:9'): Environment {
  return {
    HOST: '127.0.0.1',
    PORT: '0',
    DIVAR_IDENTIFICATION_KEY: KEYS.identification,
    DIVAR_API_KEY: KEYS.divarApi,
    DIVAR_V1_API_URL: divarUrl,
    DIVAR_API_URL: divarUrl,
    INTERNAL_API_KEYS: `orders:${KEYS.caller}`,
    RESOLVER: 'template',
    LANDING_URL_TEMPLATE: 'https://app.example.com/start{?post_token,data.order_id}',
  }
}
