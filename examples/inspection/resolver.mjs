/**
 * Where the clicks of an inspection app lead: from the chat's menu to a welcome, from a button to its order, from a place to booking
 * there. Pure, so that all of it can be tested without a server; see resolver.test.mjs.
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
  // Sellers manage an inspection, buyers read its report: the page asks for other things.
  landing.searchParams.set('as', click.side === 'supply' ? 'seller' : 'buyer')
  log.debug({ event: 'inspection.opened', page: landing.pathname })
  return { url: landing.href }
}
