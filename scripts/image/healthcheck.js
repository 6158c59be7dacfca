// The image's health check: a program of its own and without a dependency, since it starts anew every half minute.
import { get } from 'node:http'

const DEADLINE_MS = 3000

/** Where a gateway answers that listens on all addresses. */
const LOOPBACK = new Map([
  ['', '127.0.0.1'],
  ['0.0.0.0', '127.0.0.1'],
  ['::', '::1'],
])
const host = process.env['HOST']?.trim() ?? ''

const end = (healthy = false) => process.exit(healthy ? 0 : 1)

setTimeout(end, DEADLINE_MS)
get({
  host: LOOPBACK.get(host) ?? host,
  // As the gateway reads it: blanks around it do not count, and an empty variable is an absent one.
  port: Number(process.env['PORT']) || 3000,
  path: '/healthz',
  // Its own agent, which no proxy from the environment applies to.
  agent: false,
  // `localhost` may have two addresses, of which Node would give up the first after 250 ms.
  autoSelectFamilyAttemptTimeout: DEADLINE_MS,
})
  .on('response', ({ statusCode }) => end(statusCode === 200))
  .on('error', () => end())
