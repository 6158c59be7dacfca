import { Pool } from 'undici'
import * as z from 'zod'
import { KEYS } from './environment.ts'

const TIMEOUT_MS = 20_000
const CONNECTIONS = 64
/** The largest page. */
const PAGE = 'limit=200'

/** Times as any version of the gateway writes them, in milliseconds since 1970. */
const time = z.union([z.number(), z.string().transform((text) => Date.parse(text))])

const recordSchema = z.object({
  id: z.string(),
  state: z.enum(['queued', 'sending', 'delivered', 'rejected', 'failed', 'unknown', 'cancelled', 'expired']),
  attempts: z.array(
    z.object({ number: z.number(), at: time, ended_at: time.nullish(), outcome: z.string().nullish() }),
  ),
})
/** A message as the gateway shows it. */
export type MessageRecord = z.infer<typeof recordSchema>

const acceptedSchema = z.object({ id: z.string() })
const pageSchema = z.object({
  messages: z.array(recordSchema),
  next_cursor: z.union([z.string(), z.number()]).nullish(),
})

type Sent =
  | { kind: 'accepted'; id: string }
  | { kind: 'refused'; status: number }
  /** No answer came: whether it was accepted is not known. */
  | { kind: 'unanswered' }

type Answer = { status: number; text: string }

export type Draft = { conversation: number; text: string; atLeastOnce: boolean }

/** One caller of one gateway, on keep-alive connections. */
export type Client = {
  /** Enqueues a message. Rejects only when a 202 cannot be parsed. */
  send: (draft: Draft) => Promise<Sent>
  /** Reports an event, as Divar does. @returns the status of the answer; undefined when none came */
  sendEvent: (body: string, key?: string) => Promise<number | undefined>
  /** Whether any message is in this state. */
  anyIn: (state: MessageRecord['state']) => Promise<boolean>
  /** Every message there is, newest first. */
  records: () => AsyncGenerator<MessageRecord>
  close: () => Promise<void>
}

export function createClient(url: string): Client {
  const pool = new Pool(url, { connections: CONNECTIONS, headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS })
  const page = async (query: string) => {
    const { statusCode, body } = await pool.request({
      method: 'GET',
      path: `/messages?${query}`,
      headers: { 'x-api-key': KEYS.caller },
    })
    const text = await body.text()
    if (statusCode !== 200) throw new Error(`GET /messages answered ${statusCode}: ${text}`)
    return pageSchema.parse(JSON.parse(text))
  }
  return {
    send: async (draft) => {
      const answer = await postMessage(pool, draft).catch(() => undefined)
      if (answer === undefined) return { kind: 'unanswered' }
      const { status, text } = answer
      return status === 202
        ? { kind: 'accepted', id: acceptedSchema.parse(JSON.parse(text)).id }
        : { kind: 'refused', status }
    },
    sendEvent: async (body, key = KEYS.identification) => {
      const headers = { authorization: key, 'content-type': 'application/json' }
      const answer = await post(pool, '/divar/events', headers, body).catch(() => undefined)
      return answer?.status
    },
    anyIn: async (state) => (await page(`state=${state}`)).messages.length > 0,
    records: async function* () {
      let query = PAGE
      for (;;) {
        const { messages, next_cursor: next } = await page(query)
        yield* messages
        if (next === null || next === undefined) return
        query = `${PAGE}&cursor=${encodeURIComponent(next)}`
      }
    },
    close: () => pool.destroy(),
  }
}

function postMessage(pool: Pool, { conversation, text, atLeastOnce }: Draft): Promise<Answer> {
  const headers = {
    'x-api-key': KEYS.caller,
    'x-access-token': KEYS.token,
    'content-type': 'application/json',
    prefer: 'respond-async',
  }
  const body = {
    conversation_id: `c-${conversation}`,
    message: text,
    ...(atLeastOnce && { delivery: 'at-least-once' }),
  }
  return post(pool, '/messages', headers, JSON.stringify(body))
}

async function post(pool: Pool, path: string, headers: Record<string, string>, body: string): Promise<Answer> {
  const answer = await pool.request({ method: 'POST', path, headers, body })
  return { status: answer.statusCode, text: await answer.body.text() }
}
