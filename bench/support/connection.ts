import { connect, type Socket } from 'node:net'
import type { Judge } from './judge.ts'

const NOTHING = Buffer.alloc(0)
const MAX_QUOTED = 300
/** For what one read gives; most answers are a few hundred bytes. */
const ROOM = 16 * 1024

/** One keep-alive connection that has one request under way at most. */
export type Connection = {
  send: (request: Buffer) => void
  close: () => void
}

export type ConnectionEvents = {
  judge: Judge
  onAnswer: (connection: Connection) => void
  onWrong: (reason: string) => void
}

/**
 * A raw socket: an HTTP client would cost more than the servers that are measured. It reads into one buffer: one for each answer would make the
 * collector stop the load again and again, and the time of that would count as theirs.
 */
export async function openConnection(
  port: number,
  { judge, onAnswer, onWrong }: ConnectionEvents,
): Promise<Connection> {
  const room = Buffer.allocUnsafeSlow(ROOM)
  let pending: Buffer = NOTHING
  let isClosing = false
  const onRead = (size: number) => {
    const chunk = room.subarray(0, size)
    const bytes = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
    const verdict = judge(bytes)
    if (verdict === 'wrong') onWrong(`a wrong answer: ${quote(bytes)}`)
    else if (verdict === 'partial') pending = Buffer.from(bytes)
    else {
      pending = NOTHING
      onAnswer(connection)
    }
    return true
  }
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, onread: { buffer: room, callback: onRead } })
  await connected(socket)
  const connection: Connection = {
    send: (request) => socket.write(request),
    close: () => {
      isClosing = true
      socket.destroy()
    },
  }
  socket.on('error', () => undefined)
  socket.once('close', () => {
    if (!isClosing) onWrong(`a connection was closed after: ${quote(pending)}`)
  })
  return connection
}

function connected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('connect', resolve).once('error', reject)
  })
}

function quote(bytes: Buffer): string {
  return JSON.stringify(bytes.toString('utf8').slice(0, MAX_QUOTED))
}
