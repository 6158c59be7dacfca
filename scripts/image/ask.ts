import { createServer } from 'node:net'

const ANSWER_DEADLINE_MS = 5000

export type Answer = {
  status: number
  headers: Headers
  text: string
  /** Nothing where the text is not JSON. */
  json: unknown
}

export async function ask(port: number, path: string, request: RequestInit = {}): Promise<Answer> {
  const signal = AbortSignal.timeout(ANSWER_DEADLINE_MS)
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { ...request, signal })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, json: readJson(text) }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Both at once, so that they differ. */
export async function findFreePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()]
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject).listen(0, '127.0.0.1', () => {
            const address = server.address()
            resolve(typeof address === 'object' && address !== null ? address.port : 0)
          })
        }),
    ),
  )
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  const [one = 0, other = 0] = ports
  return [one, other]
}
