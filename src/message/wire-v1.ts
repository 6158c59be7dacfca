import * as z from 'zod'
import type { JsonObject } from '../base/strict-json.ts'
import type { Action, Button, ButtonGrid, Message } from './message.ts'
import { anyObject, link, optionalIcon, visibleText } from './wire-fields.ts'

/**
 * A v1 button as a domain button. A known client sends `direct_link` and `extra_data` both, whatever the action: only the one that the
 * action names is read.
 */
export const buttonV1 = z
  .discriminatedUnion(
    'action',
    [
      z.object({
        action: z.literal('LINK'),
        data: z.object(
          { icon_name: optionalIcon, extra_data: anyObject, caption: visibleText },
          { error: 'expected an object with extra_data and caption' },
        ),
      }),
      z.object({
        action: z.literal('DIRECT_LINK'),
        data: z.object(
          { icon_name: optionalIcon, direct_link: link, caption: visibleText },
          { error: 'expected an object with direct_link and caption' },
        ),
      }),
    ],
    { error: 'expected a button with action LINK or DIRECT_LINK' },
  )
  .transform((button): Button => {
    const { icon_name: icon, caption } = button.data
    const action: Action =
      button.action === 'LINK'
        ? { kind: 'open_server_link', data: button.data.extra_data }
        : { kind: 'open_direct_link', url: button.data.direct_link }
    return { action, ...(icon !== undefined && { icon }), caption }
  })

/** Whether v1 can say these buttons: one, of the two kinds that it knows. */
export function fitsV1(grid: ButtonGrid): boolean {
  return writeGrid(grid) !== undefined
}

/** The v1 body of a message to a triple, members in the order of the platform's own samples. */
export function writeV1(message: Message): JsonObject {
  const { address, content } = message
  if (address.kind !== 'triple' || content.kind !== 'text') throw new Error('v1 carries texts to a triple only')
  return {
    user_id: address.userId,
    post_token: address.postToken,
    peer_id: address.peerId,
    type: 'TEXT',
    message: content.text,
    ...(message.senderButtons && { sender_btn: writeGrid(message.senderButtons) }),
    ...(message.receiverButtons && { receiver_btn: writeGrid(message.receiverButtons) }),
  }
}

function writeGrid(grid: ButtonGrid): JsonObject | undefined {
  const [button, ...others] = grid.flat()
  if (button === undefined || others.length > 0) return undefined
  const { action, icon, caption } = button
  const iconName = icon === undefined ? {} : { icon_name: icon }
  if (action.kind === 'open_server_link') {
    return { action: 'LINK', data: { ...iconName, extra_data: action.data, caption } }
  }
  if (action.kind === 'open_direct_link') {
    return { action: 'DIRECT_LINK', data: { ...iconName, direct_link: action.url, caption } }
  }
  return undefined
}
