/**
 * A resolver: says where a click leads. Mount your own and point RESOLVER_MODULE at it.
 * The click's fields stand in docs/resolvers.md.
 */
export default async function resolve(click, { signal, log }) {
  const order = click.data.order_id
  if (order === undefined) return { url: 'https://app.example.com/welcome' }

  // Ask your own services here; hand `signal` on, so that nothing runs on when the deadline has passed:
  // const response = await fetch(`http://orders.internal/${order}`, { signal })
  log.debug({ event: 'order.opened' })
  const url = new URL('https://app.example.com/orders/')
  url.searchParams.set('id', order)
  url.searchParams.set('as', click.side ?? 'visitor')
  return { url: url.href }
}
