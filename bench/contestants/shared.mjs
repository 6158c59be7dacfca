import { timingSafeEqual } from 'node:crypto'

/** What every contestant is told: the harness sets these. */
export const { PORT, DIVAR_KEY, CALLER_KEY, PLATFORM_URL, PLATFORM_KEY } = process.env

const keys = new Map()

/** As cheap as a comparison in constant time can be. */
export function isKey(presented, expected) {
  let wanted = keys.get(expected)
  if (wanted === undefined) keys.set(expected, (wanted = Buffer.from(expected)))
  const bytes = Buffer.from(presented ?? '')
  return bytes.length === wanted.length && timingSafeEqual(bytes, wanted)
}

/** Where a click leads, as LANDING_URL_TEMPLATE of ours says it. */
export function landingOf({ post_token, user_id, extra_data }) {
  const order = extra_data.provider_data.order_id
  return `https://app.example.com/start?post_token=${encodeURIComponent(post_token)}&user_id=${encodeURIComponent(user_id)}&data.order_id=${encodeURIComponent(order)}`
}

export function answerOf(click) {
  return { status: '200', message: 'success', url: landingOf(click) }
}

/** The path of a send at the platform. */
export function pathOf(conversationId) {
  return `/v2/open-platform/conversations/${encodeURIComponent(conversationId)}/messages`
}

export async function readAll(stream) {
  const chunks = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}
