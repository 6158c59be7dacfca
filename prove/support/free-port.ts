import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below those that a system gives out itself, to whoever listens on port 0 or connects: nobody gets one of these by chance before it is used. */
const FIRST = 15_000
const COUNT = 15_000

let next = randomInt(COUNT)

/** For what has to be named before it listens. Somebody may take it meanwhile; then that does not start, and says so. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < COUNT; tries += 1) {
    const port = FIRST + (next % COUNT)
    next += 1
    if (await isFree(port)) return port
  }
  throw new Error('no port is free')
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}
