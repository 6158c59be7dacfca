/**
 * A resolver: says where a click leads. Mount your own and point RESOLVER_MODULE at it.
 * It may be async; what it gets and may answer stands in docs/resolvers.md.
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
