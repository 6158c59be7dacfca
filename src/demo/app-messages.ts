/** The chat that a click came from, by whatever names its wire has for it, and who clicked. */
export type Chat = {
  conversationId: string | undefined
  postToken: string
  userId: string
  /** On v1 only. */
  peerId: string | undefined
}

export type Order = { orderId: string; reportUrl: string }

export const TIMES = [
  { id: 'today-18', words: { fa: 'امروز ساعت ۱۸', en: 'Today at 18:00' } },
  { id: 'tomorrow-10', words: { fa: 'فردا ساعت ۱۰', en: 'Tomorrow at 10:00' } },
  { id: 'tomorrow-16', words: { fa: 'فردا ساعت ۱۶', en: 'Tomorrow at 16:00' } },
] as const

/** What both sides read once an inspection is booked; each gets the button that is for that side. */
export function bookingMessage(chat: Chat, order: Order, time: string, place?: string): Record<string, unknown> {
  const where = place === undefined ? '' : ` محل قرار: ${place}.`
  const data = { order_id: order.orderId, step: 'confirm' }
  return address(chat, `کارشناسی دوچرخه برای ${time} ثبت شد.${where}`, {
    sender: { caption: 'پیگیری درخواست', icon: 'CAR_INSPECTED', data: { order_id: order.orderId } },
    receiver: { caption: 'تأیید زمان بازدید', icon: 'VERIFIED', data },
  })
}

/** What both sides read once the other has confirmed; the button leads straight to the report. */
export function confirmationMessage(chat: Chat, order: Order): Record<string, unknown> {
  const button = { caption: 'دیدن گزارش', icon: 'LAUNCH', url: order.reportUrl }
  return address(chat, 'زمان بازدید تأیید شد. گزارش کارشناسی آماده است.', { sender: button, receiver: button })
}

type Button = { caption: string; icon: string } & ({ data: Record<string, unknown> } | { url: string })

/** On v2 by the conversation's id, on v1 by the three who make a chat; in the name of whoever clicked, and has consented to it. */
function address(
  chat: Chat,
  message: string,
  { sender, receiver }: { sender: Button; receiver: Button },
): Record<string, unknown> {
  if (chat.peerId === undefined) {
    return {
      conversation_id: chat.conversationId,
      user_id: chat.userId,
      message,
      sender_buttons: { rows: [{ buttons: [buttonV2(sender)] }] },
      receiver_buttons: { rows: [{ buttons: [buttonV2(receiver)] }] },
    }
  }
  return {
    user_id: chat.userId,
    post_token: chat.postToken,
    peer_id: chat.peerId,
    type: 'TEXT',
    message,
    sender_btn: buttonV1(sender),
    receiver_btn: buttonV1(receiver),
  }
}

function buttonV1({ caption, icon, ...does }: Button) {
  return 'url' in does
    ? { action: 'DIRECT_LINK', data: { icon_name: icon, direct_link: does.url, caption } }
    : { action: 'LINK', data: { icon_name: icon, extra_data: does.data, caption } }
}

function buttonV2({ caption, icon, ...does }: Button) {
  return 'url' in does
    ? { action: { open_direct_link: does.url }, icon, caption }
    : { action: { open_server_link: { data: does.data } }, icon, caption }
}
