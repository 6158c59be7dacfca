import { believe } from '../../ui/believe.ts'
import { learnClock } from '../../ui/now.ts'
import type { Act, Attention, BulkAnswer, BulkFilter, Entry, Message, Page, Subscription } from './shapes.ts'

/** Longer than any answer of the gateway takes. */
const TIMEOUT_MS = 20_000

/** The gateway refused a request. */
export class Refusal extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string) {
    super(`${status} ${code}`)
    this.status = status
    this.code = code
  }
}

export type Query = Readonly<Record<string, string>>

export const api = {
  attention: () => call<Attention>('GET', '/attention'),
  messages: async (query: Query): Promise<Page<Message>> => {
    const { messages, next_cursor } = await call<{ messages: Message[]; next_cursor: string | null }>(
      'GET',
      `/messages${write(query)}`,
    )
    return { rows: messages, next_cursor }
  },
  message: (id: string) => call<Message>('GET', `/messages/${id}`),
  /** The conversation that a message belongs to. */
  timelineOf: (id: string) => call<{ entries: Entry[]; next_cursor: string | null }>('GET', `/messages/${id}/timeline`),
  timeline: (address: Query) =>
    call<{ entries: Entry[]; next_cursor: string | null }>('POST', '/timeline', { ...address, limit: 200 }),
  subscriptions: async (query: Query): Promise<Page<Subscription>> => {
    const { subscriptions, next_cursor } = await call<{ subscriptions: Subscription[]; next_cursor: string | null }>(
      'GET',
      `/subscriptions${write(query)}`,
    )
    return { rows: subscriptions, next_cursor }
  },
  act: (act: Act, id: string) => call<{ id: string; state: string }>('POST', `/messages/${id}/${act}`, {}),
  /** What a bulk act would change. */
  count: (act: Act, filter: BulkFilter) => call<BulkAnswer>('POST', `/bulk/${act}/count`, filter),
  bulk: (act: Act, filter: BulkFilter) => call<BulkAnswer>('POST', `/bulk/${act}`, filter),
  logOut: async () => {
    await send('POST', '/console/logout', {})
  },
}

async function call<Answer>(method: 'GET' | 'POST', path: string, body?: object): Promise<Answer> {
  const response = await send(method, `/console/api${path}`, body)
  return believe<Answer>(await response.text())
}

async function send(method: 'GET' | 'POST', path: string, body?: object): Promise<Response> {
  const token = document.querySelector<HTMLMetaElement>('meta[name="console-token"]')?.content ?? ''
  const response = await fetch(path, {
    method,
    ...(body !== undefined && {
      headers: { 'content-type': 'application/json', 'x-console-token': token },
      body: JSON.stringify(body),
    }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  learnClock(response.headers.get('date'))
  if (response.ok) return response
  throw new Refusal(response.status, codeOf(await response.text()))
}

/** Something between the page and the gateway may answer too, in HTML. */
function codeOf(text: string): string {
  return /"code":"(\w+)"/.exec(text)?.[1] ?? ''
}

function write(query: Query): string {
  const given = Object.entries(query).filter(([, value]) => value !== '')
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`
}
