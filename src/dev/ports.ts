import { once } from 'node:events'
import { createServer } from 'node:net'

const MAX_TRIES = 100
const DEFAULT = { port: 3000, simulatorPort: 4000 }

type Chosen = { port?: number | undefined; simulatorPort?: number | undefined }

/**
 * The ports that were asked for, else the default ones or the next free ones. The internal port follows the gateway's.
 * @throws Error when one that was asked for is in use
 */
export async function choosePorts({ port, simulatorPort }: Chosen, host: string) {
  for (const asked of [port, simulatorPort]) {
    if (asked !== undefined && !(await isFree(asked, host))) throw new Error(`port ${asked} is in use`)
  }
  const chosen = port ?? (await findPort(DEFAULT.port, host, [simulatorPort ?? 0]))
  const internalPort = await findPort(chosen + 1, host, [simulatorPort ?? 0])
  return {
    port: chosen,
    internalPort,
    simulatorPort: simulatorPort ?? (await findPort(DEFAULT.simulatorPort, host, [chosen, internalPort])),
  }
}

/**
 * The first port from `first` that nothing listens on.
 * @throws Error when none of the next hundred is free
 */
async function findPort(first: number, host: string, except: readonly number[]): Promise<number> {
  for (let port = first; port < first + MAX_TRIES && port <= 65_535; port += 1) {
    if (!except.includes(port) && (await isFree(port, host))) return port
  }
  throw new Error(`none of the ports from ${first} to ${first + MAX_TRIES - 1} is free`)
}

/** Whether nothing listens on any of the ports. */
export async function areFree(ports: readonly number[], host: string): Promise<boolean> {
  const free = await Promise.all(ports.map((port) => isFree(port, host)))
  return free.every(Boolean)
}

async function isFree(port: number, host: string): Promise<boolean> {
  const server = createServer().listen(port, host)
  try {
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}
