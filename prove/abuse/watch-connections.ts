import { writeSync } from 'node:fs'
import { isIP, Socket } from 'node:net'

/**
 * Preloaded into a gateway: writes each address that it begins to connect to, over TLS or not, to standard error. Connections to names and
 * to other machines are blocked, so that a gateway that does connect sends nothing.
 */

const connect: unknown = Object.getOwnPropertyDescriptor(Socket.prototype, 'connect')?.value
if (typeof connect !== 'function') throw new Error('expected sockets to connect')
const connectSocket = connect

Object.defineProperty(Socket.prototype, 'connect', {
  value: function (this: Socket, ...given: unknown[]): unknown {
    const { host, port } = targetOf(given)
    writeSync(2, `connects ${host}:${port}\n`)
    if (isIP(host) !== 0 && (host.startsWith('127.') || host === '::1')) connectSocket.apply(this, given)
    else process.nextTick(() => this.destroy(new Error('blocked: not on this machine')))
    return this
  },
})

/** `connect` takes options, a port and a host, or, from within Node, either of them in a list. */
function targetOf(given: readonly unknown[]): { host: string; port: string } {
  const [first, second]: readonly unknown[] = Array.isArray(given[0]) ? given[0] : given
  if (typeof first !== 'object' || first === null) return { host: textOf(second), port: textOf(first) }
  return { host: textOf('host' in first && first.host), port: textOf('port' in first && first.port) }
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : 'unknown'
}
