import { createServer } from 'node:net'
import { portOf } from '../support/service.ts'
import type { Suite } from '../support/suite.ts'

const FIRST = '127.0.0.2'
const OTHERS = [
  '127.0.0.3',
  '127.0.0.4',
  '127.0.0.5',
  '127.0.0.6',
  '127.0.0.7',
  '127.0.0.8',
  '127.0.0.9',
  '127.0.0.1',
  '::1',
]

type Traps = { port: number; connections: () => number; spring: () => Promise<void> }

/** Listeners on many loopback addresses, on one port, that count connections. */
export async function startTraps(suite: Suite): Promise<Traps> {
  let connections = 0
  const listen = async (host: string, port: number) => {
    const server = createServer((socket) => {
      connections += 1
      socket.on('error', () => undefined).end('HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n')
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(port, host, resolve)
    })
    suite.atEnd(() => server.close())
    return portOf(server.address())
  }
  const port = await listen(FIRST, 0)
  for (const host of OTHERS) {
    await listen(host, port).catch((error: unknown) => {
      suite.report.figure(`no trap at ${host}`, error instanceof Error ? error.message : 'it cannot be had')
    })
  }
  return {
    port,
    connections: () => connections,
    spring: async () => {
      await fetch(`http://${FIRST}:${port}/`)
    },
  }
}
