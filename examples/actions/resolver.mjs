/**
 * An inspection app. A click opens the order; a button with `get_dynamic_action` is answered in the chat.
 *
 * @type {import('kenar-chat-gateway').Resolver}
 */
export default function resolve({ data }) {
  return { url: orderUrl(data.order_id) }
}

/**
 * Answers by what the app put into the button: `{ "ask": "price" }`, `{ "ask": "report", "order_id": "..." }`, or `{ "ask": "book" }`.
 *
 * @type {import('kenar-chat-gateway').DynamicAction}
 */
export function dynamicAction({ data, side }, { log }) {
  log.debug({ event: 'inspection.asked' })
  if (data.ask === 'price') return { text: 'An inspection costs 450,000 tomans.' }
  if (data.ask === 'report') return { url: orderUrl(data.order_id), text: 'Here is the report.' }
  // A click follows, and the resolver above opens its landing.
  return { data: { order_id: 'new', as: side ?? 'visitor' } }
}

function orderUrl(order) {
  const url = new URL('https://inspect.example.com/order')
  url.searchParams.set('id', String(order))
  return url.href
}
