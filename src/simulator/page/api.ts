import { believe } from '../../ui/believe.ts'
import type {
  ClickResult,
  EventType,
  FaultName,
  OddForm,
  RevokeResult,
  MessageType,
  Settings,
  ShownMessage,
  Side,
} from '../shown.ts'

type Location = NonNullable<ShownMessage['location']>

/** What the page asks of the simulator; a refusal is thrown with the simulator's own words. */
export async function ask<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(`/simulator/${path}`, {
    method,
    ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  }).catch(() => {
    // Each browser has words of its own for it, in English.
    throw new Error('The simulator did not answer. Is it still running?')
  })
  const answer = believe<Answer & { error?: string; message?: string }>(await response.text())
  if (!response.ok) throw new Error(answer.error ?? answer.message ?? `HTTP ${response.status}`)
  return answer
}

export const api = {
  say: (side: Side, text: string) => ask<ShownMessage>('POST', 'messages', { side, text }),
  sendLocation: (side: Side, location: Location) => ask<ShownMessage>('POST', 'messages', { side, location }),
  sayToBot: (side: Side, text: string) => ask<ShownMessage>('POST', 'bot/messages', { side, text }),
  startBot: (side: Side) => ask<ShownMessage>('POST', 'bot/start', { side }),
  revoke: (side: Side) => ask<RevokeResult>('POST', 'revoke', { side }),
  openApp: (side: Side) => ask<ClickResult>('POST', 'clicks', { side }),
  clickButton: (side: Side, messageId: string, row: number, column: number) =>
    ask<ClickResult>('POST', 'clicks', { side, message_id: messageId, row, column }),
  framable: (url: string) =>
    ask<Required<Pick<ClickResult, 'framable'>>>('GET', `framable?url=${encodeURIComponent(url)}`),
  set: (settings: {
    wire?: Settings['wire']
    session_url?: string
    action_url?: string
    events_url?: string
    blocked_by?: Side | null
    supplier_key?: Settings['supplierKey']
  }) => ask<Settings>('POST', 'settings', settings),
  sendEvent: (event: { type: EventType; side: Side; message_type?: MessageType; update?: string; odd: OddForm[] }) =>
    ask<{ status?: number }[]>('POST', 'events', event),
  arm: (fault: FaultName, times: number) => ask<unknown>('POST', 'faults', { fault, times }),
  clearFaults: () => ask<unknown>('DELETE', 'faults'),
  activate: (side: Side) => ask<unknown>('POST', 'active', { side }),
  firstCurl: (side: Side) => ask<{ command: string }>('GET', `first-curl?side=${side}`),
  resend: (id: number, body: string) => ask<{ status?: number }>('POST', 'resend', { entry_id: id, body }),
  clearTimeline: () => ask<unknown>('DELETE', 'timeline'),
  session: () => ask<unknown>('GET', 'session'),
  loadSession: (file: string) => ask<unknown>('POST', 'session', JSON.parse(file)),
  reset: () => ask<unknown>('POST', 'reset', {}),
}
