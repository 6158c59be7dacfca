import { writeSync } from 'node:fs'
import { isIP, Socket } from 'node:net'

/**
 * Loaded into a gateway before its own code: tells each address that it begins to connect to, over TLS or not. What is not on this machine is told
 * and goes no further, names too, so that a gateway that does connect sends nothing to anybody.
 */

const connect: unknown = Reflect.get(Socket.prototype, 'connect')
if (typeof connect !== 'function') throw new Error('expected sockets to connect')
const begin = connect

Reflect.set(Socket.prototype, 'connect', function (this: Socket, ...given: unknown[]): unknown {
  const { host, port } = targetOf(given)
  writeSync(2, `connects ${host}:${port}\n`)
  if (isIP(host) !== 0 && (host.startsWith('127.') || host === '::1')) Reflect.apply(begin, this, given)
  else process.nextTick(() => this.destroy(new Error('stopped: not on this machine')))
  return this
})

/** `connect` takes options, a port and a host, or, from within Node, either of them in a list. */
function targetOf(given: readonly unknown[]): { host: string; port: string } {
  const [first, second]: readonly unknown[] = Array.isArray(given[0]) ? given[0] : given
  if (typeof first !== 'object' || first === null) return { host: textOf(second), port: textOf(first) }
  return { host: textOf(Reflect.get(first, 'host')), port: textOf(Reflect.get(first, 'port')) }
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : 'unknown'
}
