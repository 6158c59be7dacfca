import type { Server, Socket } from 'node:net'
import { afterAll } from '@jest/globals'

const running: Server[] = []
/** Also of servers that are not HTTP: a connection that stays open would keep Jest's worker from exiting. */
const connections = new Set<Socket>()
afterAll(() => {
  for (const server of running) server.close()
  for (const connection of connections) connection.destroy()
})

/** Listens on loopback; the origin. It is stopped after the tests of the file. */
export async function originOf(server: Server): Promise<string> {
  running.push(server)
  server.on('connection', (connection) => {
    connections.add(connection)
    connection.once('close', () => connections.delete(connection))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return `http://127.0.0.1:${address.port}`
}
