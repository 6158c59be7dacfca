import type { Grants } from './grants.ts'
import { answerJson, readTokens, refuse, type Handled, type Received } from './http.ts'
import { coversConversation } from './scopes.ts'
import { decode, judgeShape, judgeUserToken, notFound, readBody, type Refusal } from './send-checks.ts'
import { readSend } from './send-shape.ts'
import type { ShownMessage, Side, Wire } from './shown.ts'
import { otherSide, SIDES, type World } from './world.ts'

const V1_PATH = '/v2/open-platform/chat/conversation'
const V2_PATH = /^\/v2\/open-platform\/conversations\/([^/]+)\/messages$/

export type SendDeps = { world: World; grants: Grants; apiKey: string; checks: 'strict' | 'note' }
export type Judged = Handled & { message?: Omit<ShownMessage, 'id' | 'at'> }

/**
 * Checks a send of either wire. Without a key, a token or a JSON object it is always refused; other errors are refused with `strict`, and
 * only noted otherwise.
 */
export function handleSend(received: Received, deps: SendDeps): Judged | undefined {
  const path = received.path.split('?')[0] ?? ''
  const wire: Wire = path === V1_PATH ? 'v1' : 'v2'
  const conversationId = decode(V2_PATH.exec(path)?.[1])
  if (received.method !== 'POST' || (wire === 'v2' && conversationId === undefined)) return undefined
  const token = readToken(wire, received.headers) ?? ''
  const sent = readBody(received, { token, needsToken: true }, deps.apiKey)
  if ('why' in sent) {
    return { answer: sent.answer, entry: { kind: 'delivery', wire, outcome: 'refused', notes: [sent.why] } }
  }

  const { body } = sent
  const read = readSend(wire, body)
  const from = findSender(wire, token, body, deps)
  const refusals = [
    ...judgeToken(wire, token, body, deps),
    ...(wire === 'v1' ? judgeChat(body, from, deps.world) : judgeConversation(conversationId, deps.world)),
    ...judgeShape(read.errors),
    ...judgeRecipient(from, deps.world),
  ]
  const [first] = refusals
  const entry = { kind: 'delivery' as const, wire, side: from }
  if (first !== undefined && deps.checks === 'strict') {
    return { answer: first.answer, entry: { ...entry, outcome: 'refused', notes: [first.why, ...read.notes] } }
  }
  const wouldBe = refusals.map(({ why }) => `Divar would have refused this: ${why}`)
  const own = { [from]: read.sender, [otherSide(from)]: read.receiver }
  return {
    answer: answerJson({ status: 200, message: 'success' }),
    entry: { ...entry, outcome: 'ok', notes: [...wouldBe, ...read.notes] },
    message: {
      from,
      kind: 'app',
      wire,
      text: read.text,
      ...(read.mediaToken !== undefined && { mediaToken: read.mediaToken }),
      buttons: { seller: own['seller'] ?? [], buyer: own['buyer'] ?? [] },
    },
  }
}

function judgeToken(wire: Wire, token: string, body: Record<string, unknown>, { world, grants }: SendDeps): Refusal[] {
  const found = grants.find(token)
  if (found === undefined || found === 'expired') return judgeUserToken(token, grants)
  const denied = refuse(403, 7, 'permission denied')
  if (wire === 'v1' && body['user_id'] !== world.people[found.side].v1Id) {
    return [
      { answer: denied, why: 'The token is of another user than user_id, in whose name the message would be sent.' },
    ]
  }
  return coversConversation(world, found.side, found.scopes)
    ? []
    : [{ answer: denied, why: 'No scope of the token covers this chat.' }]
}

/** v1 addresses a chat by its post and the peer. */
function judgeChat(body: Record<string, unknown>, from: Side, { post, people }: World): Refusal[] {
  if (body['post_token'] !== post.token) return [notFound('There is no post of this token.')]
  return body['peer_id'] === people[otherSide(from)].v1Id
    ? []
    : [notFound('peer_id is not the other side of the chat.')]
}

function judgeConversation(id: string | undefined, { conversationId }: World): Refusal[] {
  return id === conversationId ? [] : [notFound('There is no conversation of this id.')]
}

function judgeRecipient(from: Side, { blockedBy }: World): Refusal[] {
  if (blockedBy !== otherSide(from)) return []
  const message = "message delivery failed due to recipient's restriction"
  return [{ answer: refuse(412, 9, message), why: 'The other side has blocked this one.' }]
}

/** Who sends the message: in v1 its user_id says so, in v2 the token. */
function findSender(wire: Wire, token: string, body: Record<string, unknown>, { world, grants }: SendDeps): Side {
  const named = SIDES.find((side) => wire === 'v1' && world.people[side].v1Id === body['user_id'])
  const found = grants.find(token)
  return named ?? (found === undefined || found === 'expired' ? 'seller' : found.side)
}

/** Both headers are accepted on both paths; if both are present, the documented one of the wire counts. */
function readToken(wire: Wire, headers: Received['headers']): string | undefined {
  const { plain, bearer } = readTokens(headers)
  return wire === 'v1' ? (plain ?? bearer) : (bearer ?? plain)
}
