/**
 * A resolver: returns the landing of a click. Mount your own and set RESOLVER_MODULE to it.
 * It may be async. docs/resolvers.md describes the Click and the Landing.
 */
export default function resolve(click, { log }) {
  const order = click.data.order_id
  if (order === undefined) return { url: 'https://app.example.com/welcome' }

  log.debug({ event: 'order.opened' })
  const url = new URL('https://app.example.com/orders/')
  url.searchParams.set('id', order)
  url.searchParams.set('as', click.side ?? 'visitor')
  return { url: url.href }
}
