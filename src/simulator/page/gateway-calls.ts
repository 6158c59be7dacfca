import type { GatewayAnswer, GatewayCommand, GatewayInfo, Side } from '../shown.ts'
import { ask } from './api.ts'
import { isObject } from './draft.ts'

/** How a message is sent. */
type How = { body: Record<string, unknown>; token_of?: Side; queued: boolean }

export const gateway = {
  info: () => ask<GatewayInfo>('GET', 'gateway'),
  icons: () => ask<string[]>('GET', 'icons'),
  check: (how: Pick<How, 'body' | 'queued'>) => ask<GatewayAnswer>('POST', 'gateway/check', how),
  send: (how: How) => ask<GatewayAnswer>('POST', 'gateway/messages', how),
  curl: (how: How) => ask<GatewayCommand>('POST', 'gateway/curl', how),
}

/** A mistake in a message, at a JSON pointer into its body. */
export type Mistake = { pointer: string; detail: string }

/** What the gateway said of a message. */
export type Verdict = {
  status: number
  isAccepted: boolean
  id?: string
  code?: string
  detail?: string
  consentUrl?: string
  mistakes: Mistake[]
}

export function readVerdict({ status, body }: GatewayAnswer): Verdict {
  const members = isObject(body) ? body : {}
  const text = (name: string) => {
    const value = members[name]
    return typeof value === 'string' ? value : undefined
  }
  const errors: unknown[] = Array.isArray(members['errors']) ? members['errors'] : []
  const [id, code, detail, consentUrl] = [text('id'), text('code'), text('detail'), text('consent_url')]
  return {
    status,
    isAccepted: status >= 200 && status < 300,
    ...(id !== undefined && { id }),
    ...(code !== undefined && { code }),
    ...(detail !== undefined && { detail }),
    ...(consentUrl !== undefined && { consentUrl }),
    mistakes: errors
      .filter(isObject)
      .map(({ pointer, detail: why }) => ({ pointer: String(pointer), detail: String(why) })),
  }
}
