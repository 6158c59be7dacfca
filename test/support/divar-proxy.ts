import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import * as z from 'zod'
import { originOf } from './listen.ts'

type ChangedAnswer = { status: number; body: string; headers?: Record<string, string> }

/** Changes an answer of Divar's to a call of one path, or holds it back; `undefined` leaves it as it is. */
export type Change = (
  answer: { status: number; json: Record<string, unknown> },
  form: URLSearchParams,
) => ChangedAnswer | undefined | Promise<ChangedAnswer | undefined>

/** A proxy in front of the simulator that passes everything on, except the answers that a test changes. */
export async function startDivarProxy(divarUrl: string) {
  const changes = new Map<string, Change>()
  const url = await originOf(
    createServer((request, response) => {
      passOn(divarUrl, changes, request, response).catch(() => response.destroy())
    }),
  )
  return {
    url,
    /** Answers of the token route; the refreshes' alone, or all of them. */
    onToken: (change: Change) => changes.set('/oauth2/token', change),
    onUsers: (change: Change) => changes.set('/v1/open-platform/users', change),
    asUsual: () => {
      changes.clear()
    },
  }
}

/** The same tokens with other members beside them. */
export function withMembers(more: Record<string, unknown>): Change {
  return ({ status, json }) => ({ status, body: JSON.stringify({ ...json, ...more }) })
}

async function passOn(
  divarUrl: string,
  changes: ReadonlyMap<string, Change>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(z.instanceof(Buffer).parse(chunk))
  const body = Buffer.concat(chunks)
  const path = request.url ?? '/'
  const headers = Object.entries(request.headers).flatMap(([name, value]): [string, string][] =>
    ['host', 'connection', 'content-length', 'transfer-encoding'].includes(name) || value === undefined
      ? []
      : [[name, String(value)]],
  )
  const method = request.method ?? 'GET'
  const answer = await fetch(new URL(path, divarUrl), {
    method,
    headers,
    redirect: 'manual',
    ...(method === 'POST' && { body }),
  })
  const text = await answer.text()
  const change = changes.get(path.split('?')[0] ?? '')
  const changed = await change?.({ status: answer.status, json: asObject(text) }, new URLSearchParams(body.toString()))
  const location = answer.headers.get('location')
  response.writeHead(changed?.status ?? answer.status, {
    'content-type': answer.headers.get('content-type') ?? 'application/json',
    ...(location !== null && { location }),
    ...changed?.headers,
  })
  response.end(changed?.body ?? text)
}

function asObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}
