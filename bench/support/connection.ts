import { connect, type Socket } from 'node:net'
import type { Judge } from './judge.ts'

const NOTHING = Buffer.alloc(0)
const MAX_QUOTED = 300

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

/** A raw socket: an HTTP client would cost more than the servers that are measured. */
export async function openConnection(
  port: number,
  { judge, onAnswer, onWrong }: ConnectionEvents,
): Promise<Connection> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await connected(socket)
  let pending: Buffer = NOTHING
  let isClosing = false
  const connection: Connection = {
    send: (request) => socket.write(request),
    close: () => {
      isClosing = true
      socket.destroy()
    },
  }
  socket.on('data', (chunk: Buffer) => {
    const bytes = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
    const verdict = judge(bytes)
    if (verdict === 'wrong') onWrong(`a wrong answer: ${quote(bytes)}`)
    else if (verdict === 'partial') pending = bytes
    else {
      pending = NOTHING
      onAnswer(connection)
    }
  })
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
