import * as z from 'zod'
import { exchange, parseJson } from './call-app.ts'
import { side, type Controlled, type Route } from './control-route.ts'
import { answerJson, type Answer } from './http.ts'
import { KNOWN_ICONS } from './icons-known.ts'
import { sendCommand } from './send-command.ts'
import { isObject } from './send-shape.ts'
import type { GatewayAnswer, GatewayCommand, GatewayInfo, Side } from './shown.ts'

/** Longer than the gateway waits for the platform. */
const SEND_TIMEOUT_MS = 30_000
const CHECK_TIMEOUT_MS = 5000

const body = z.custom<Record<string, unknown>>(isObject, 'expected an object')
const queued = z.boolean().default(false)
const shapes = {
  check: z.strictObject({ body, queued }),
  send: z.strictObject({ body, token_of: side.optional(), queued }),
}

const NO_GATEWAY =
  'The simulator has no key for the gateway. Start it with --internal-key, or set KENAR_INTERNAL_KEY to one of INTERNAL_API_KEYS.'

/** Control routes that send a message through the gateway, as one of its callers. The caller's key stays on the server until a command is copied. */
export const gatewayRoutes: [string, Route][] = [
  [
    'GET /simulator/gateway',
    (_, { gateway, userTokens }) => {
      const { url, docsUrl } = gateway ?? {}
      const info: GatewayInfo = { url, docsUrl, tokens: [...userTokens.keys()] }
      return answerJson(info)
    },
  ],
  [
    'POST /simulator/gateway/check',
    (given, controlled) => {
      const { body: message, queued: isQueued } = shapes.check.parse(given)
      return ask(controlled, '/messages/check', preferOf(isQueued), message, CHECK_TIMEOUT_MS)
    },
  ],
  [
    'POST /simulator/gateway/messages',
    (given, controlled) => {
      const { body: message, token_of: tokenOf, queued: isQueued } = shapes.send.parse(given)
      return ask(controlled, '/messages', headersOf(controlled, { tokenOf, isQueued }), message, SEND_TIMEOUT_MS)
    },
  ],
  [
    'POST /simulator/gateway/curl',
    (given, controlled) => {
      const { body: message, token_of: tokenOf, queued: isQueued } = shapes.send.parse(given)
      const { shownGateway, conversation } = controlled
      const headers = headersOf(controlled, { tokenOf, isQueued })
      const json = JSON.stringify(message, null, 2)
      const command: GatewayCommand = { command: sendCommand(shownGateway, conversation.settings, json, headers) }
      return answerJson(command)
    },
  ],
  ['GET /simulator/icons', () => answerJson([...KNOWN_ICONS])],
]

type How = { tokenOf: Side | undefined; isQueued: boolean }

function headersOf({ userTokens }: Controlled, { tokenOf, isQueued }: How): Record<string, string> {
  const token = tokenOf && userTokens.get(tokenOf)
  return {
    ...(token !== undefined && { 'x-access-token': token }),
    ...preferOf(isQueued),
  }
}

const preferOf = (isQueued: boolean): Record<string, string> => (isQueued ? { prefer: 'respond-async' } : {})

async function ask(
  { gateway }: Controlled,
  path: string,
  headers: Record<string, string>,
  message: Record<string, unknown>,
  timeoutMs: number,
): Promise<Answer> {
  if (gateway === undefined) return answerJson({ error: NO_GATEWAY }, 409)
  const answer = await exchange(
    {
      method: 'POST',
      url: routeOf(gateway.url, path),
      headers: { 'content-type': 'application/json', 'x-api-key': gateway.internalKey, ...headers },
      body: JSON.stringify(message),
    },
    timeoutMs,
  )
  if ('failure' in answer) return answerJson({ error: answer.failure }, 502)
  const read: GatewayAnswer = { status: answer.status, body: parseJson(answer.body) ?? answer.body }
  return answerJson(read)
}

function routeOf(gateway: string, path: string): string {
  return new URL(path, gateway).href
}
