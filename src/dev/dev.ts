import { dirname, extname, join, resolve as resolvePath } from 'node:path'
import { fileURLToPath } from 'node:url'
import { HostNames } from '../simulator/host-names.ts'
import { startSimulator, type Simulator, type SimulatorOptions } from '../simulator/simulator.ts'
import { DEV_APP, DEV_KEYS, environmentOf, type ResolverSource } from './environment.ts'
import { watchFolder } from './folder-watch.ts'
import { GatewayProcess, type NotStarted } from './gateway-process.ts'
import { areFree, choosePorts } from './ports.ts'
import { createReportReader } from './reports.ts'
import { makeTemporaryFolder } from './temporary-folder.ts'
import { indent, linesOfEntry, noticeOf, type TerminalLine } from './terminal-lines.ts'

export { DEV_KEYS } from './environment.ts'
export type { ResolverSource } from './environment.ts'
export type DevKeys = typeof DEV_KEYS
export { openBrowser } from './open-browser.ts'

const LOCAL = '127.0.0.1'
const SAMPLE = fileURLToPath(new URL(`sample-resolver${extname(import.meta.url)}`, import.meta.url))

type DevOptions = {
  /** A file of the user's, or the address of a service. Default: a sample. */
  resolver?: ResolverSource | undefined
  /** Where events are passed on to. */
  eventsUrl?: string | undefined
  /** Default: 3000, or the next free one. */
  port?: number | undefined
  /** Default: 4000, or the next free one. */
  simulatorPort?: number | undefined
  /** The address that gateway and simulator listen on. Default: 127.0.0.1. */
  host?: string | undefined
  /** Host names by which the simulator may be called, besides those of this machine. */
  allowedHosts?: string[] | undefined
  /** The file of the store, which is kept. Default: a temporary one. */
  store?: string | undefined
  /** Aborted when `dev` ends, so that a file which loads for long is not waited for. */
  signal?: AbortSignal | undefined
  say: (line: TerminalLine) => void
}

export type Dev = {
  simulator: Simulator
  /** Divar's side, and users' browsers. */
  gatewayUrl: string
  /** The routes for services. */
  internalUrl: string
  stop: () => Promise<void>
}

/** Another `dev` that starts at the same moment may take the ports that were just found free. */
const MAX_ATTEMPTS = 5

/**
 * Starts a simulator, and a gateway in a process of its own, which is replaced when the resolver's folder changes.
 * @throws Error when a port is in use
 */
export async function startDev(options: DevOptions): Promise<Dev> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(options)
    } catch (error) {
      if (!(error instanceof PortTaken) || attempt === MAX_ATTEMPTS) throw error
    }
  }
}

async function startOnce(options: DevOptions): Promise<Dev> {
  const { resolver, eventsUrl, host = LOCAL, say } = options
  const { port, internalPort, simulatorPort } = await choosePorts(options, host)
  const { shown } = new HostNames(host, [])
  const gatewayUrl = `http://${shown}:${port}`
  const internalUrl = `http://${shown}:${internalPort}`
  const simulator = await startOnPort({
    port: simulatorPort,
    host,
    ...(options.allowedHosts && { allowedHosts: options.allowedHosts }),
    apiKey: DEV_KEYS.divarApi,
    identificationKey: DEV_KEYS.identification,
    sessionUrl: `${gatewayUrl}/divar/session`,
    checks: 'strict',
    app: { ...DEV_APP, redirectUris: [`${gatewayUrl}/oauth/callback`] },
    gateway: { url: internalUrl, internalKey: DEV_KEYS.internal, docsUrl: `${internalUrl}/docs` },
    tokens: [{ accessToken: DEV_KEYS.userToken, side: 'seller', scopes: SELLER_SCOPES }],
    ready: () => gateway.ready(),
  })
  const temporary = options.store === undefined ? await makeTemporaryFolder('dev') : undefined
  const store = resolvePath(options.store ?? join(temporary?.path ?? '', 'gateway.db'))
  const file = resolver?.kind === 'file' ? resolvePath(resolver.file) : undefined
  const source =
    file === undefined ? (resolver ?? { kind: 'file' as const, file: SAMPLE }) : { kind: 'file' as const, file }
  const addresses = { host, port, internalPort, gatewayUrl, simulatorUrl: simulator.url }
  const onReport = createReportReader(simulator, say)
  const gateway = new GatewayProcess({
    environment: environmentOf(addresses, { resolver: source, eventsUrl, store }),
    file,
    onReport,
    onPrinted: (line) => {
      say([indent, line])
    },
    onReloaded: (obstacle) => {
      if (obstacle === undefined) say(noticeOf('reloaded', 'The next click uses the new files.'))
      else tellObstacle(obstacle, say)
    },
    onCrashed: (how) => {
      say(noticeOf('crashed', `The gateway's process ended (${how}). The next click or save starts it again.`, 'red'))
    },
  })
  const stopWatching = simulator.conversation.watch(({ event, data }) => {
    if (event === 'entry' && data.kind !== 'resolver') for (const line of linesOfEntry(data, simulator.url)) say(line)
  })
  const watched =
    file === undefined
      ? undefined
      : await watchFolder(dirname(file), () => {
          gateway.reload()
        })
  const stop = async () => {
    watched?.close()
    stopWatching()
    await gateway.close()
    await simulator.close()
    await temporary?.remove()
  }
  options.signal?.addEventListener('abort', () => void gateway.close())
  const obstacle = await gateway.start()
  // The user's own file may listen on a port too.
  if (obstacle?.reason.includes(IN_USE) && !(await areFree([port, internalPort], host))) {
    await stop()
    throw new PortTaken(obstacle.reason)
  }
  if (obstacle !== undefined && options.signal?.aborted !== true) tellObstacle(obstacle, say)
  return { simulator, gatewayUrl, internalUrl, stop }
}

/** A port that was free when it was chosen. */
class PortTaken extends Error {}
const IN_USE = 'EADDRINUSE'

async function startOnPort(options: SimulatorOptions): Promise<Simulator> {
  try {
    return await startSimulator(options)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === IN_USE) throw new PortTaken(error.message)
    throw error
  }
}

/** As if the seller had allowed the app already, so that the first send needs no consent. */
const SELLER_SCOPES = ['CHAT_SUPPLIER_ALL_CONVERSATIONS_MESSAGE_SEND', 'USER_ID', 'offline_access']

function tellObstacle({ reason, lines }: NotStarted, say: DevOptions['say']): void {
  say(noticeOf('not loaded', reason, 'red'))
  for (const line of lines) say([indent, line])
}
