import { Server as HttpServer } from 'node:http'
import type { Server } from 'node:net'
import { afterAll } from '@jest/globals'

const running: Server[] = []
afterAll(() => {
  for (const server of running) {
    server.close()
    if (server instanceof HttpServer) server.closeAllConnections()
  }
})

/** Listens on loopback; the origin. It is stopped after the tests of the file. */
export async function originOf(server: Server): Promise<string> {
  running.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return `http://127.0.0.1:${address.port}`
}
