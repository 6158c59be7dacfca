import type { Trace } from '../observability/trace.ts'
import type { Address, Message, Sender } from '../message/message.ts'
import { writeV1 } from '../message/wire-v1.ts'
import { writeV2 } from '../message/wire-v2.ts'
import type { Host } from '../outbound/host.ts'
import type { Outcome } from './outcome.ts'
import { readOutcome } from './read-answer.ts'

const MAX_ANSWER_BYTES = 64 * 1024

export type DeliverOptions = {
  v1: { url: URL; host: Host }
  v2: { url: URL; host: Host }
  apiKey: string
  /** For one delivery, from waiting for a socket to the last byte of the answer; milliseconds. */
  timeoutMs: number
  userAgent: string
}

/** Delivers a message to Divar once. Never rejects: every end is an Outcome. */
export type Deliver = (message: Message, userToken: string, trace: Trace) => Promise<Outcome>

/** What a message is sent with: the request's own token, or a grant, which is selected at delivery. */
export type Credential = { kind: 'token'; userToken: string } | { kind: 'grant'; sender: Sender }

/** Delivers a message once, with its token or a grant. Never rejects: every end is an Outcome. */
export type DeliverBy = (message: Message, credential: Credential, trace: Trace) => Promise<Outcome>

export function createDeliver({ v1, v2, apiKey, timeoutMs, userAgent }: DeliverOptions): Deliver {
  const wires = { v1: prefixed(v1), v2: prefixed(v2) }
  return async (message, userToken, trace) => {
    const wire = wireOf(message.address)
    const { host, prefix } = wires[wire]
    const { path, token, body } = encode(message, userToken)
    const exchange = await host.send({
      path: prefix + path,
      headers: { 'content-type': 'application/json', 'user-agent': userAgent, 'x-api-key': apiKey, ...token },
      body: JSON.stringify(body),
      timeoutMs,
      maxBytes: MAX_ANSWER_BYTES,
      traced: { as: wire === 'v1' ? 'deliver v1' : 'deliver v2', trace },
    })
    return readOutcome(exchange, [apiKey, userToken])
  }
}

/** The configured URL may have a path of its own, before Divar's. */
function prefixed({ url, host }: DeliverOptions['v1']) {
  return { host, prefix: url.pathname.replace(/\/+$/, '') }
}

function encode(message: Message, userToken: string) {
  const { address } = message
  return address.kind === 'triple'
    ? {
        path: '/v2/open-platform/chat/conversation',
        token: { 'x-access-token': userToken },
        body: writeV1(message),
      }
    : {
        path: `/v2/open-platform/conversations/${encodeURIComponent(address.conversationId)}/messages`,
        token: { authorization: `Bearer ${userToken}` },
        body: writeV2(message),
      }
}

/** The wire that a message is delivered on. */
export function wireOf(address: Address): 'v1' | 'v2' {
  return address.kind === 'triple' ? 'v1' : 'v2'
}
