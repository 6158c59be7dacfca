import * as z from 'zod'

const TIMEOUT_MS = 10_000

export type GatewayAccess = {
  gatewayUrl: string
  /** The app's key for the gateway. */
  internalKey: string
}

/** What the app reads of a click. */
const clickSchema = z.object({
  id: z.string(),
  wire: z.enum(['v1', 'v2']),
  post_token: z.string().default(''),
  conversation_id: z.string().optional(),
  user_id: z.string().default(''),
  peer_id: z.string().optional(),
  side: z.string().optional(),
  data: z.object({ order_id: z.coerce.string().optional(), step: z.string().optional() }),
  location: z.object({ latitude: z.number(), longitude: z.number() }).optional(),
  return_url: z.string(),
})
export type AppClick = z.infer<typeof clickSchema>

export function readClick(json: unknown): AppClick | undefined {
  return clickSchema.safeParse(json).data
}

const problemSchema = z.object({ code: z.string(), detail: z.string().default('') })
export type Problem = z.infer<typeof problemSchema>

/** The sample app's calls to the gateway. The app never sees a token of Divar's. */
export function createGatewayClient({ gatewayUrl, internalKey }: GatewayAccess) {
  const call = async (
    path: string,
    method: string,
    message?: unknown,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; json: unknown }> => {
    const response = await fetch(`${gatewayUrl}${path}`, {
      method,
      headers: { 'content-type': 'application/json', 'x-api-key': internalKey, ...headers },
      ...(message !== undefined && { body: JSON.stringify(message) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    return { status: response.status, json: await response.json() }
  }
  return {
    /** A saved click; undefined once its 15 minutes are over. */
    findClick: async (id: string): Promise<AppClick | undefined> => {
      try {
        const { status, json } = await call(`/clicks/${encodeURIComponent(id)}`, 'GET')
        return status === 200 ? readClick(json) : undefined
      } catch {
        return undefined
      }
    },
    /** Sends a message; resolves to the problem if it is not accepted. */
    send: async (
      message: Record<string, unknown>,
      headers: Record<string, string> = {},
    ): Promise<Problem | undefined> => {
      try {
        const { status, json } = await call('/messages', 'POST', message, headers)
        return status === 200 || status === 202 ? undefined : problemSchema.parse(json)
      } catch {
        return { code: 'gateway_unreachable', detail: `There was no answer from ${gatewayUrl}.` }
      }
    },
  }
}
