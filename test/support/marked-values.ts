/** Every string, key and number of a value, replaced by a mark or marked, one place at a time. */
export function marked(mark: string, value: unknown): unknown[] {
  if (typeof value === 'string') return [`${value}${mark}`, mark, { [mark]: mark }]
  if (Array.isArray(value))
    return value.flatMap((item, index) => marked(mark, item).map((one): unknown => value.toSpliced(index, 1, one)))
  if (typeof value !== 'object' || value === null) return [mark]
  return [
    { ...value, [mark]: mark },
    ...Object.entries(value).flatMap(([key, item]) => marked(mark, item).map((one) => ({ ...value, [key]: one }))),
  ]
}

/** One of each kind, with as many members as it may have. */
export const CLICK_V1 = {
  post_token: 'p',
  user_id: 'u',
  peer_id: 'q',
  conversation_id: 'c',
  callback_url: 'https://divar.ir/',
  Supplier: { id: 's' },
  demand: { id: 'd' },
  extra_data: { provider_data: { a: 'b' }, location: { latitude: '1', longitude: '2' } },
}
export const CLICK_V2 = {
  source: 'CHAT',
  post_token: 'p',
  conversation_id: 'c',
  user_side: 'x',
  extra_data: { a: 'b' },
  user_id: 'u',
  return_url: 'x',
}
export const MESSAGE_V1 = {
  user_id: 'u',
  post_token: 'p',
  peer_id: 'q',
  type: 'TEXT',
  message: 'hello',
  sender_btn: { action: 'LINK', data: { icon_name: 'i', extra_data: { a: 'b' }, caption: 'c' } },
  receiver_btn: { action: 'DIRECT_LINK', data: { icon_name: 'i', direct_link: 'https://a.example/', caption: 'c' } },
}
export const MESSAGE_V2 = {
  conversation_id: 'c',
  message: 'hello',
  delivery: 'at-least-once',
  receiver_buttons: {
    rows: [{ buttons: [{ action: { open_server_link: { data: { a: 'b' } } }, icon: 'i', caption: 'c' }] }],
  },
}

/** Events in the forms that Divar's pages and the older hook have. */
export const EVENT_MESSAGE = {
  type: 'NEW_MESSAGE',
  metadata: { a: 'b' },
  new_message: {
    id: 'm',
    conversation: { id: 'c', type: 'POST', post_token: 't' },
    sender: { side: 'BUYER', type: 'HUMAN' },
    type: 'CONTACT',
    sent_at: 1795968114123456,
    text: 'hello',
    contact_data: { name: 'n', phone: '09120000000' },
  },
  post_update: { type: 'PUBLISH', post: { token: 't' } },
  user_access_revocation: { user_id: 'u' },
  transaction: { id: 'x' },
}
export const EVENT_BOT = {
  '@type': 'x',
  type: 'NEW_CHATBOT_MESSAGE',
  meta_data: 'a',
  new_chatbot_message: {
    id: '12345678901234567',
    conversation: 'c',
    sender: { type: 'USER' },
    type: 'IMAGE',
    sent_at: '1795968114123456',
    image_data: { size_bytes: '1024', link: 'https://a.example/', width_px: 1 },
  },
}
export const EVENT_PAYMENT = { type: 'PAYMENT_TRANSACTION', payment_transaction: { id: 1, amount: '10' } }

/** Every character as JSON may also write it: `a` as `\\u0061`. */
export function unicodeEscapes(text: string): string {
  return text.replaceAll(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
