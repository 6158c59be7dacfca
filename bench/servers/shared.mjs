import { timingSafeEqual } from 'node:crypto'

/** Set by the bench. */
export const { PORT, DIVAR_KEY, CALLER_KEY, PLATFORM_URL, PLATFORM_KEY } = process.env

const keys = new Map()

/** The cheapest comparison in constant time. */
export function isKey(presented, expected) {
  let wanted = keys.get(expected)
  if (wanted === undefined) keys.set(expected, (wanted = Buffer.from(expected)))
  const bytes = Buffer.from(presented ?? '')
  return bytes.length === wanted.length && timingSafeEqual(bytes, wanted)
}

/** The answer to a click, with the landing that the gateway's LANDING_URL_TEMPLATE gives. */
export function answerOf({ post_token, user_id, extra_data }) {
  const order = extra_data.provider_data.order_id
  const url = `https://app.example.com/start?post_token=${encodeURIComponent(post_token)}&user_id=${encodeURIComponent(user_id)}&data.order_id=${encodeURIComponent(order)}`
  return { status: '200', message: 'success', url }
}

/** The platform's path for a send. */
export function pathOf(conversationId) {
  return `/v2/open-platform/conversations/${encodeURIComponent(conversationId)}/messages`
}
