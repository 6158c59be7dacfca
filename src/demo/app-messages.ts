import type { World } from '../simulator/world.ts'
import type { AppClick } from './app-gateway.ts'

/** A chat, and the user in whose name the app writes there. */
type Chat = Pick<AppClick, 'wire' | 'conversation_id' | 'post_token' | 'user_id' | 'peer_id'>
type Button = { caption: string; icon: string } & ({ data: Record<string, unknown> } | { url: string })
type Message = Record<string, unknown>

/** For both sides once an inspection is booked; each side has its own button. */
export function bookingMessage(chat: Chat, orderId: string, time: string, place?: string): Message {
  const where = place === undefined ? '' : ` محل قرار: ${place}.`
  return messageTo(chat, `کارشناسی دوچرخه برای ${time} ثبت شد.${where}`, {
    sender: { caption: 'پیگیری درخواست', icon: 'CAR_INSPECTED', data: { order_id: orderId } },
    receiver: { caption: 'تأیید زمان بازدید', icon: 'VERIFIED', data: { order_id: orderId, step: 'confirm' } },
  })
}

/** For both sides once the other has confirmed; the button opens the report. */
export function confirmationMessage(chat: Chat, reportUrl: string): Message {
  const button = { caption: 'دیدن گزارش', icon: 'LAUNCH', url: reportUrl }
  return messageTo(chat, 'زمان بازدید تأیید شد. گزارش کارشناسی آماده است.', { sender: button, receiver: button })
}

/** The demo's first messages of the app, from the seller on v1: buttons that call the app, and buttons that open an address. */
export function sampleMessages({ people, post }: World, appUrl: string): Message[] {
  const chat: Chat = {
    wire: 'v1',
    user_id: people.seller.v1Id,
    post_token: post.token,
    peer_id: people.buyer.v1Id,
  }
  const report = { icon: 'LAUNCH', url: `${appUrl}/report?order_id=A-1029` }
  return [
    bookingMessage(chat, 'A-1029', 'فردا ساعت ۱۰'),
    messageTo(chat, 'گزارش کارشناسی آماده است.', {
      sender: { ...report, caption: 'گزارش فروشنده' },
      receiver: { ...report, caption: 'گزارش خریدار' },
    }),
  ]
}

/** The answer to the button of `priceMessage`, shown in the chat. */
export const PRICE = 'کارشناسی دوچرخه ۴۵۰ هزار تومان است.'

/** Answered in place. */
const PRICE_BUTTON = {
  action: { get_dynamic_action: { data: { ask: 'price' } } },
  icon: 'MONEY',
  caption: 'قیمت کارشناسی',
}

/** A message on v2 whose button is answered in place. */
export function priceMessage({ conversationId }: World): Message {
  const grid = { rows: [{ buttons: [PRICE_BUTTON] }] }
  return {
    conversation_id: conversationId,
    message: 'هزینهٔ کارشناسی را همین‌جا ببینید.',
    sender_buttons: grid,
    receiver_buttons: grid,
  }
}

/** What the bot answers. One button is answered in place, one is a click, one opens an address. */
export function botMessage(conversationId: string, reportUrl: string): Message {
  const look = buttonV2({ caption: 'سفارش من', icon: 'CAR_INSPECTED', data: { order_id: 'A-1029' } })
  const report = buttonV2({ caption: 'نمونهٔ گزارش', icon: 'LAUNCH', url: reportUrl })
  return {
    bot: { conversation_id: conversationId },
    text_message: 'سلام! من ربات کارشناسی دوچرخه‌ام. چه می‌خواهید؟',
    buttons: { rows: [{ buttons: [PRICE_BUTTON] }, { buttons: [look, report] }] },
  }
}

function messageTo(chat: Chat, message: string, { sender, receiver }: Record<'sender' | 'receiver', Button>): Message {
  const { user_id, post_token, peer_id, conversation_id } = chat
  return chat.wire === 'v1'
    ? {
        user_id,
        post_token,
        peer_id,
        type: 'TEXT',
        message,
        sender_btn: buttonV1(sender),
        receiver_btn: buttonV1(receiver),
      }
    : {
        conversation_id,
        user_id,
        message,
        sender_buttons: { rows: [{ buttons: [buttonV2(sender)] }] },
        receiver_buttons: { rows: [{ buttons: [buttonV2(receiver)] }] },
      }
}

function buttonV1({ caption, icon, ...action }: Button) {
  return 'url' in action
    ? { action: 'DIRECT_LINK', data: { icon_name: icon, direct_link: action.url, caption } }
    : { action: 'LINK', data: { icon_name: icon, extra_data: action.data, caption } }
}

function buttonV2({ caption, icon, ...action }: Button) {
  return 'url' in action
    ? { action: { open_direct_link: action.url }, icon, caption }
    : { action: { open_server_link: { data: action.data } }, icon, caption }
}
