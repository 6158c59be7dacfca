import { sendCommand, type ShownGateway } from './send-command.ts'
import type { Settings, Side } from './shown.ts'
import { otherSide, type World } from './world.ts'

/** What a message of the command says; the page knows the message by it. */
const MESSAGE = 'سلام از curl'

/**
 * A command that sends a message in a person's name, as a service does: through the gateway, by the access that this person has granted.
 */
export function firstCurl(
  { world, settings }: { world: World; settings: Settings },
  gateway: ShownGateway | undefined,
  side: Side,
): string {
  const { people, post, conversationId } = world
  const body =
    settings.wire === 'v2'
      ? { conversation_id: conversationId, user_id: people[side].v2Id, message: MESSAGE }
      : {
          user_id: people[side].v1Id,
          peer_id: people[otherSide(side)].v1Id,
          post_token: post.token,
          type: 'TEXT',
          message: MESSAGE,
        }
  return sendCommand(gateway, settings, JSON.stringify(body))
}
