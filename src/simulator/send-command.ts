import { shellQuote } from '../ui/shell-quote.ts'
import type { Settings } from './shown.ts'

/** The gateway, for a reader who may not have its key: without it. */
export type ShownGateway = { url: string; internalKey?: string }

/**
 * A command for a POSIX shell that sends a message through the gateway. It works as it is when the simulator knows a caller's key and may show
 * it; otherwise the shell has to know it.
 * @param body JSON
 */
export function sendCommand(
  gateway: ShownGateway | undefined,
  { sessionUrl }: Settings,
  body: string,
  headers: Record<string, string> = {},
): string {
  const base = gateway?.url ?? new URL(sessionUrl).origin
  const key =
    gateway?.internalKey === undefined
      ? '"x-api-key: $KENAR_INTERNAL_KEY"'
      : shellQuote(`x-api-key: ${gateway.internalKey}`)
  return [
    `curl -sS ${shellQuote(new URL('/messages', base).href)}`,
    `-H ${key}`,
    ...Object.entries(headers).map(([name, value]) => `-H ${shellQuote(`${name}: ${value}`)}`),
    `-H 'content-type: application/json'`,
    `--data-raw ${shellQuote(body)}`,
  ].join(' \\\n  ')
}
