import { request } from 'undici'
import * as z from 'zod'
import { readClick, type AppClick } from './app-click.ts'

const TIMEOUT_MS = 10_000

export type GatewayAccess = {
  gatewayUrl: string
  /** The app's key for the gateway. */
  internalKey: string
}

const problemShape = z.object({ code: z.string(), detail: z.string().default('') })
export type Problem = z.infer<typeof problemShape>

/** What the sample app asks of the gateway: who came, and to say something in the chat. It never sees a token of Divar's. */
export type GatewayClient = ReturnType<typeof createGatewayClient>

export function createGatewayClient({ gatewayUrl, internalKey }: GatewayAccess) {
  const ask = async (method: 'GET' | 'POST', path: string, message?: unknown) => {
    const { statusCode, body } = await request(`${gatewayUrl}${path}`, {
      method,
      headers: { 'content-type': 'application/json', 'x-api-key': internalKey },
      ...(message !== undefined && { body: JSON.stringify(message) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    const answered: unknown = await body.json()
    return { status: statusCode, answered }
  }
  return {
    /** The click behind an id; nothing once its 15 minutes are over. */
    findClick: async (id: string): Promise<AppClick | undefined> => {
      try {
        const { status, answered } = await ask('GET', `/clicks/${encodeURIComponent(id)}`)
        return status === 200 ? readClick(answered) : undefined
      } catch {
        return undefined
      }
    },
    /** POSTs a message; what the gateway answered when that was not a yes. */
    send: async (message: Record<string, unknown>): Promise<Problem | undefined> => {
      try {
        const { status, answered } = await ask('POST', '/messages', message)
        return status === 200 || status === 202 ? undefined : problemShape.parse(answered)
      } catch {
        return { code: 'gateway_unreachable', detail: `There was no answer from ${gatewayUrl}.` }
      }
    },
  }
}
