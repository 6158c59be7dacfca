import { once } from 'node:events'
import { connect } from 'node:net'

const CONNECTIONS = 50
/** Long, because valgrind runs a server fifty times slower. */
const ANSWERS_WITHIN_MS = 60_000
/** For one read; answers have a few hundred bytes. */
const BUFFER_BYTES = 16 * 1024
const MAX_QUOTED = 300
const NOTHING = Buffer.alloc(0)
const LAST_CHUNK = '\r\n0\r\n\r\n'
const STATUS = Buffer.from('HTTP/1.1 200 ')

/** The request that is repeated, and what each answer must be: a 200 with a body of this length and beginning. */
export type Exchange = { request: string; expected: { prefix: string; length: number } }

/** One keep-alive connection, with at most one request in flight. */
type Connection = {
  /** Resolves with the right answer; rejects with any other, and when the connection ends. */
  exchange: (request: Buffer) => Promise<void>
  close: () => void
}

/**
 * Repeats the request over 50 connections until the time is over or the count is reached; rejects at the first wrong answer.
 * @returns how many answers came, and in which time
 */
export async function runLoad(
  port: number,
  { request, expected }: Exchange,
  { seconds = Infinity, maxRequests = Infinity }: { seconds?: number; maxRequests?: number },
): Promise<{ answered: number; seconds: number }> {
  const bytes = Buffer.from(request)
  const opened = await Promise.allSettled(Array.from({ length: CONNECTIONS }, () => openConnection(port, expected)))
  const connections = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const begunAt = performance.now()
  const secondsSoFar = () => (performance.now() - begunAt) / 1000
  let sent = 0
  let isOver = connections.length < CONNECTIONS
  const stayAwake = () => {
    if (!isOver) setImmediate(stayAwake)
  }
  // A server pays for waking a client that sleeps, and clients on other machines cost it nothing. So this process never sleeps.
  stayAwake()
  try {
    if (isOver) throw new Error('a connection was refused')
    await Promise.all(
      connections.map(async ({ exchange }) => {
        while (sent < maxRequests && secondsSoFar() < seconds) {
          sent += 1
          await exchange(bytes)
        }
      }),
    )
    return { answered: sent, seconds: secondsSoFar() }
  } finally {
    isOver = true
    for (const { close } of connections) close()
  }
}

/** A raw socket with one buffer: an HTTP client would need more processor time than the servers that are measured. */
export async function openConnection(port: number, expected: Exchange['expected']): Promise<Connection> {
  const judge = createJudge(expected)
  const buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES)
  let received: Buffer = NOTHING
  let answer: { resolve: () => void; reject: (error: Error) => void } | undefined
  const fail = (reason: string) => {
    const text = JSON.stringify(received.toString('utf8').slice(0, MAX_QUOTED))
    answer?.reject(new Error(`${reason} after ${text}`))
  }
  const onRead = (size: number) => {
    const chunk = buffer.subarray(0, size)
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
    const verdict = judge(received)
    if (verdict === 'right') {
      received = NOTHING
      answer?.resolve()
    } else {
      received = Buffer.from(received)
      if (verdict === 'wrong') fail('a wrong answer')
    }
    return true
  }
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, onread: { buffer, callback: onRead } })
  await once(socket, 'connect')
  socket.on('error', () => undefined)
  socket.once('close', () => {
    fail('the connection was closed')
  })
  socket.setTimeout(ANSWERS_WITHIN_MS, () => socket.destroy())
  return {
    exchange: (request) =>
      new Promise((resolve, reject) => {
        answer = { resolve, reject }
        if (socket.destroyed) fail('the connection was closed')
        else socket.write(request)
      }),
    close: () => socket.destroy(),
  }
}

/** Checks the status at the front of an answer and the body at its end, whole or in one chunk: cheap, and no wrong answer passes. */
function createJudge({ prefix, length }: Exchange['expected']): (bytes: Buffer) => 'right' | 'partial' | 'wrong' {
  const framings = [
    { before: '\r\n\r\n', after: 0 },
    { before: `\r\n${length.toString(16)}\r\n`, after: LAST_CHUNK.length },
  ].map(({ before, after }) => ({ start: Buffer.from(before + prefix), fromEnd: before.length + length + after }))
  return (bytes) => {
    if (bytes.length < STATUS.length) return 'partial'
    if (!startsAt(bytes, STATUS, 0)) return 'wrong'
    if (framings.some(({ start, fromEnd }) => startsAt(bytes, start, bytes.length - fromEnd))) return 'right'
    return bytes.length < BUFFER_BYTES ? 'partial' : 'wrong'
  }
}

function startsAt(bytes: Buffer, part: Buffer, at: number): boolean {
  return at >= 0 && bytes.compare(part, 0, part.length, at, at + part.length) === 0
}
