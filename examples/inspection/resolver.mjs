/**
 * Landings of an inspection app: a welcome page from the chat's menu, an order from a button, a booking from a location.
 * A pure function, so it can be tested without a server: resolver.test.mjs.
 *
 * @type {import('kenar-chat-gateway').Resolver}
 */
export default function resolve(click, { log }) {
  const landing = new URL(click.data.order_id === undefined ? '/welcome' : '/order', 'https://inspect.example.com')
  if (click.data.order_id !== undefined) landing.searchParams.set('id', String(click.data.order_id))
  if (click.location !== undefined) {
    landing.pathname = '/book'
    landing.searchParams.set('at', `${click.location.latitude},${click.location.longitude}`)
  }
  // Sellers manage an inspection, buyers read its report.
  landing.searchParams.set('as', click.side === 'supply' ? 'seller' : 'buyer')
  log.debug({ event: 'inspection.opened', page: landing.pathname })
  return { url: landing.href }
}
