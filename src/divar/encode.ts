import { writeBot, writeV1, writeV2, type Message } from '../message/message.ts'

/** Path, token header and body of a message, as Divar takes them. */
export function encode(message: Message, userToken: string | undefined) {
  const { address } = message
  const bearer = userToken === undefined ? {} : { authorization: `Bearer ${userToken}` }
  switch (address.kind) {
    case 'triple':
      return {
        path: '/v2/open-platform/chat/conversation',
        token: userToken === undefined ? {} : { 'x-access-token': userToken },
        body: writeV1(message),
      }
    case 'conversation':
      return {
        path: `/v2/open-platform/conversations/${encodeURIComponent(address.conversationId)}/messages`,
        token: bearer,
        body: writeV2(message),
      }
    case 'bot_conversation':
      return {
        path: `/v1/open-platform/chat/bot/conversations/${encodeURIComponent(address.conversationId)}/messages`,
        token: bearer,
        body: writeBot(message),
      }
    case 'bot_user':
      return {
        path: `/v1/open-platform/chat/bot/users/${encodeURIComponent(address.userId)}/messages`,
        token: bearer,
        body: writeBot(message),
      }
  }
}
