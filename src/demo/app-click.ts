import * as z from 'zod'
import type { Chat } from './app-messages.ts'

export type Language = 'fa' | 'en'

/** A Click as the gateway tells of it, as far as this app reads it. */
const clickShape = z.object({
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
export type AppClick = z.infer<typeof clickShape>

export function readClick(json: unknown): AppClick | undefined {
  return clickShape.safeParse(json).data
}

/**
 * Where a click leads: all that the app needs to know of it stands behind the click's id. Whoever only looks at an order is asked for
 * nothing; booking and confirming write into the chat, so whoever comes for these is asked first.
 */
export function landingOf({ id, data, location }: AppClick, appUrl: string): { url: string; scopes?: string[] } {
  const url = `${appUrl}/start?click_id=${id}`
  const onlyLooks = data.order_id !== undefined && data.step !== 'confirm' && location === undefined
  return onlyLooks ? { url } : { url, scopes: ['chat', 'offline'] }
}

/** Who came, with what. */
export type Opening = Chat & {
  language: Language
  clickId: string
  side: string | undefined
  orderId: string
  step: string | undefined
  place: string | undefined
  /** The way back, when it is one: this machine, or https under divar.ir. */
  returnUrl: string | undefined
}

export function openingOf(click: AppClick, language: Language): Opening {
  const { id, wire, side, data, location } = click
  return {
    language,
    clickId: id,
    conversationId: click.conversation_id,
    postToken: click.post_token,
    userId: click.user_id,
    peerId: wire === 'v1' ? click.peer_id : undefined,
    side,
    orderId: data.order_id ?? 'A-1029',
    step: data.step,
    place: location && `${location.latitude}, ${location.longitude}`,
    returnUrl: readReturnUrl(click.return_url),
  }
}

function readReturnUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined
  const { protocol, hostname } = new URL(text)
  const isHere = /^(?:localhost|127\.0\.0\.1)$/.test(hostname) && /^https?:$/.test(protocol)
  return isHere || (protocol === 'https:' && /(?:^|\.)divar\.ir$/.test(hostname)) ? text : undefined
}
