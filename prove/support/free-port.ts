import { once } from 'node:events'
import { createServer } from 'node:net'

/** For programs that take no port 0, or do not say which one they took. Somebody may take it meanwhile; then they do not start, and say so. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('expected a TCP address')
  return address.port
}
