import type { Request } from 'express'
import type { PathAddress } from '../message/parse-message.ts'

/** One of Divar's own paths, so that an SDK can use the gateway as its host. `names`: what its parameter is the id of. */
type PlatformPath = { path: string; names?: PathAddress['kind'] }

export const PLATFORM_PATHS: readonly PlatformPath[] = [
  { path: '/v2/open-platform/chat/conversation' },
  { path: '/v2/open-platform/conversations/:conversation_id/messages', names: 'conversation' },
  { path: '/v1/open-platform/chat/bot/conversations/:conversation_id/messages', names: 'bot_conversation' },
  { path: '/v1/open-platform/chat/bot/users/:user_id/messages', names: 'bot_user' },
  // Former paths of bot messages, which old clients still call.
  { path: '/experimental/open-platform/chat/bot/conversations/:conversation_id/messages', names: 'bot_conversation' },
  { path: '/experimental/open-platform/chat/bot/users/:user_id/messages', names: 'bot_user' },
  { path: '/experimental/open-platform/chatbot-conversations/:conversation_id/messages', names: 'bot_conversation' },
]

/** The chat that a request's path names. */
export function readPathAddress({ params }: Request, kind: PathAddress['kind']): PathAddress | undefined {
  const id = kind === 'bot_user' ? params['user_id'] : params['conversation_id']
  return typeof id === 'string' ? { kind, id } : undefined
}
