import { connect, type Socket } from 'node:net'
import { KEYS } from './environment.ts'

export type Answer = { status: number; head: string; body: string }

const NOTHING = Buffer.alloc(0)

/** The bytes of a request. */
export function rawRequest(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: Buffer | string = NOTHING,
): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const bytes = Buffer.from(body)
  const head = `${method} ${path} HTTP/1.1\r\nhost: gateway\r\ncontent-length: ${bytes.length}\r\n${lines.join('')}\r\n`
  return Buffer.concat([Buffer.from(head), bytes])
}

export function rawClick(body: Buffer | string, more: Readonly<Record<string, string>> = {}): Buffer {
  const headers = { authorization: KEYS.identification, 'content-type': 'application/json', ...more }
  return rawRequest('POST', '/divar/session', headers, body)
}

export function rawEvent(body: Buffer | string): Buffer {
  const headers = { authorization: KEYS.identification, 'content-type': 'application/json' }
  return rawRequest('POST', '/divar/events', headers, body)
}

export function rawSend(body: Buffer | string, more: Readonly<Record<string, string>> = {}): Buffer {
  const headers = { 'x-api-key': KEYS.caller, 'x-access-token': KEYS.token, 'content-type': 'application/json' }
  return rawRequest('POST', '/messages', { ...headers, ...more }, body)
}

/** One keep-alive connection with at most one request in flight; cheaper than an HTTP client. */
export class Wire {
  readonly #socket: Socket
  #pending: Buffer = NOTHING
  #waiting: ((answer: Answer | undefined) => void) | undefined
  /** Whether it can carry another request: it is open, and no answer had `Connection: close`. */
  isUsable = true
  /** The number of answers. */
  answers = 0

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])
      this.#read()
    })
    socket.on('error', () => undefined)
    socket.once('end', () => socket.end())
    socket.once('close', () => {
      this.isUsable = false
      this.#settle(undefined)
    })
  }

  /** Rejects when the connection is refused. */
  static open(port: number): Promise<Wire> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new Wire(socket))
      })
    })
  }

  /** Undefined when the connection ended without an answer. */
  ask(request: Buffer): Promise<Answer | undefined> {
    return new Promise((resolve) => {
      if (this.#socket.destroyed) {
        resolve(undefined)
        return
      }
      this.#waiting = resolve
      this.#socket.write(request)
    })
  }

  close(): void {
    this.isUsable = false
    this.#socket.destroy()
  }

  #read(): void {
    const end = this.#pending.indexOf('\r\n\r\n')
    if (end < 0) return
    const head = this.#pending.toString('latin1', 0, end)
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
    const from = end + 4
    const until = from + Number(length ?? 0)
    if (this.#pending.length < until) return
    const body = this.#pending.toString('utf8', from, until)
    this.#pending = this.#pending.subarray(until)
    if (/\r\nconnection: *close/i.test(head)) this.isUsable = false
    this.answers += 1
    this.#settle({ status: Number(head.slice(9, 12)), head, body })
  }

  #settle(answer: Answer | undefined): void {
    const settle = this.#waiting
    this.#waiting = undefined
    settle?.(answer)
  }
}

export type Asked = {
  request: Buffer
  /** The answer is undefined when none came; `ms` is how long it took. */
  onAnswer: (answer: Answer | undefined, ms: number) => void
}

/** Sends requests on this number of connections until `next` returns undefined; replaces connections that end. */
export async function askAll(port: number, connections: number, next: () => Asked | undefined): Promise<void> {
  const sendAll = async () => {
    let wire = await Wire.open(port)
    for (let asked = next(); asked !== undefined; asked = next()) {
      if (!wire.isUsable) {
        wire.close()
        wire = await Wire.open(port)
      }
      const begun = performance.now()
      const answer = await wire.ask(asked.request)
      asked.onAnswer(answer, performance.now() - begun)
    }
    wire.close()
  }
  await Promise.all(Array.from({ length: connections }, sendAll))
}
