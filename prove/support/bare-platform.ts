import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'

/** As long as the gateway's answer to a delivered message, so that a relay which passes it on answers as much. */
export const DELIVERED = '{"status":200,"message":"success","id":"msg_000000000000000000000000"}'

const ANSWER = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${DELIVERED.length}\r\n\r\n${DELIVERED}`,
)
const NOTHING = Buffer.alloc(0)

export type BarePlatform = {
  port: number
  /** Messages accepted so far. */
  delivered: () => number
  close: () => void
}

/** A platform that accepts every message, at once or after some time. It parses no more than it must, because it shares its core. */
export async function startBarePlatform(afterMs = 0): Promise<BarePlatform> {
  let delivered = 0
  const accept = (socket: Socket) => {
    delivered += 1
    socket.write(ANSWER)
  }
  const take = afterMs === 0 ? accept : (socket: Socket) => void setTimeout(accept, afterMs, socket)
  const server = createServer({ noDelay: true }, (socket) => {
    takeEach(socket, take)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('expected a TCP address')
  return { port: address.port, delivered: () => delivered, close: () => server.close() }
}

function takeEach(socket: Socket, take: (socket: Socket) => void): void {
  let pending: Buffer = NOTHING
  socket.on('error', () => undefined)
  socket.on('data', (chunk: Buffer) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
    for (let end = endOfRequest(pending); end !== undefined; end = endOfRequest(pending)) {
      pending = pending.subarray(end)
      take(socket)
    }
  })
}

/** The end of the first request; undefined while it is incomplete. */
function endOfRequest(bytes: Buffer): number | undefined {
  const head = bytes.indexOf('\r\n\r\n')
  if (head < 0) return undefined
  const text = bytes.toString('latin1', 0, head)
  const length = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1]
  if (length === undefined) throw new Error(`a relayed message had no length: ${text}`)
  const end = head + 4 + Number(length)
  return end <= bytes.length ? end : undefined
}
