import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'

/** As long as what the gateway answers for a delivered message, so that whoever relays it answers as much. */
export const DELIVERED = '{"status":200,"message":"success","id":"msg_000000000000000000000000"}'

const ANSWER = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${DELIVERED.length}\r\n\r\n${DELIVERED}`,
)
const NOTHING = Buffer.alloc(0)

/** A platform that takes every message at once, and costs next to nothing: it shares its core with the load. */
export async function startStandIn(): Promise<{ port: number; relayed: () => number }> {
  let relayed = 0
  const server = createServer({ noDelay: true }, (socket) => {
    answerEach(socket, () => (relayed += 1))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('expected a TCP address')
  return { port: address.port, relayed: () => relayed }
}

function answerEach(socket: Socket, onMessage: () => void): void {
  let pending: Buffer = NOTHING
  socket.on('error', () => undefined)
  socket.on('data', (chunk: Buffer) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
    for (let end = endOfRequest(pending); end !== undefined; end = endOfRequest(pending)) {
      pending = pending.length === end ? NOTHING : pending.subarray(end)
      onMessage()
      socket.write(ANSWER)
    }
  })
}

/** Where the first request ends; nothing while it has not come whole. */
function endOfRequest(bytes: Buffer): number | undefined {
  const head = bytes.indexOf('\r\n\r\n')
  if (head < 0) return undefined
  const text = bytes.toString('latin1', 0, head)
  const length = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1]
  if (length === undefined) throw new Error(`a relayed message had no length: ${text}`)
  const end = head + 4 + Number(length)
  return end <= bytes.length ? end : undefined
}
