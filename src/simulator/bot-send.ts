import type { Grants } from './grants.ts'
import { answerJson, readTokens, refuse, type Received } from './http.ts'
import { readScope } from './scopes.ts'
import { decode, judgeShape, judgeUserToken, notFound, readBody, type Refusal } from './send-checks.ts'
import type { Judged, SendDeps } from './send.ts'
import { readBotSend } from './send-shape.ts'
import type { Side } from './shown.ts'
import { otherSide, SIDES, type World } from './world.ts'

/** Today's paths, and the ones that old apps still call. */
const PATH = /^\/(?:v1|experimental)\/open-platform\/chat\/bot\/(conversations|users)\/([^/]+)\/messages$/

/**
 * Checks a message of the app's bot, addressed by the conversation with a user or by the user. As with other sends, an error in the shape or
 * in the permissions is only noted unless checks are `strict`.
 */
export function handleBotSend(received: Received, { world, grants, apiKey, checks }: SendDeps): Judged | undefined {
  const [, form, segment] = PATH.exec(received.path.split('?')[0] ?? '') ?? []
  if (received.method !== 'POST' || segment === undefined) return undefined
  const id = decode(segment)
  const { bearer, plain } = readTokens(received.headers)
  const token = bearer ?? plain
  const sent = readBody(received, { token, needsToken: form === 'users' }, apiKey)
  if ('why' in sent) return { answer: sent.answer, entry: { kind: 'bot', outcome: 'refused', notes: [sent.why] } }

  const read = readBotSend(sent.body)
  const side = SIDES.find((one) => (form === 'users' ? world.people[one].v2Id : botChatOf(world, one)) === id)
  const refusals = [
    ...(form === 'users' ? judgeUser(token ?? '', side, grants) : []),
    ...(form === 'conversations' && side === undefined ? [notFound('The bot has no conversation of this id.')] : []),
    ...judgeShape(read.errors),
  ]
  const [first] = refusals
  const about = { kind: 'bot' as const, ...(side && { side }) }
  if (first !== undefined && checks === 'strict') {
    return { answer: first.answer, entry: { ...about, outcome: 'refused', notes: [first.why, ...read.notes] } }
  }
  const wouldBe = refusals.map(({ why }) => `Divar would have refused this: ${why}`)
  const to = side ?? 'buyer'
  const buttons = { [to]: read.buttons, [otherSide(to)]: [] }
  return {
    answer: answerJson({ conversation_id: botChatOf(world, to) }),
    entry: { ...about, outcome: 'ok', notes: [...wouldBe, ...read.notes] },
    message: {
      from: to,
      kind: 'app',
      chat: 'bot',
      text: read.text,
      ...(read.mediaToken !== undefined && { mediaToken: read.mediaToken }),
      buttons: { seller: buttons['seller'] ?? [], buyer: buttons['buyer'] ?? [] },
    },
  }
}

function botChatOf({ people }: World, side: Side): string {
  return people[side].botConversationId
}

/** The user form writes to the token's own user. */
function judgeUser(token: string, side: Side | undefined, grants: Grants): Refusal[] {
  const found = grants.find(token)
  if (found === undefined || found === 'expired') return judgeUserToken(token, grants)
  const denied = refuse(403, 7, 'permission denied')
  if (found.side !== side) return [{ answer: denied, why: 'user_id is not the user of the token.' }]
  return found.scopes.some((raw) => readScope(raw)?.name === 'CHAT_BOT_USER_MESSAGE_SEND')
    ? []
    : [{ answer: denied, why: 'The token has no scope CHAT_BOT_USER_MESSAGE_SEND.' }]
}
