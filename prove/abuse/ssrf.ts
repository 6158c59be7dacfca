import { fileURLToPath } from 'node:url'
import * as z from 'zod'
import { CLICK_V1, CLICK_V2, MESSAGE_V1, MESSAGE_V2 } from '../../test/support/marked-values.ts'
import { ownSqlite } from '../support/databases.ts'
import { environment, KEYS } from '../support/environment.ts'
import { count } from '../support/figures.ts'
import { spawnGateway } from '../support/gateway.ts'
import { answerJson, startService } from '../support/service.ts'
import type { Suite } from '../support/suite.ts'
import { askAll, rawClick, rawRequest, rawSend } from '../support/wire.ts'
import { addressForms } from './ssrf-forms.ts'
import { startTraps } from './traps.ts'

/**
 * Server-side request forgery: addresses in every place that can hold one, in clicks, messages, consents, headers, landings, and redirects
 * of the services that the gateway calls. Connections are recorded in the gateway's process, and by listeners at the addresses.
 */

const WATCH = fileURLToPath(new URL('watch-connections.ts', import.meta.url))
const WEBHOOKS_WITHIN_MS = 20_000
const HEADERS = [
  'referer',
  'origin',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-original-url',
  'x-rewrite-url',
  'link',
  'traceparent',
  'x-wap-profile',
  'contact',
  'from',
  'true-client-ip',
] as const

const clickSchema = z.object({ data: z.object({ landing: z.string().optional() }).nullish() })

export async function proveSsrf(suite: Suite): Promise<void> {
  const { report } = suite
  const traps = await startTraps(suite)
  let redirects = 0
  const redirected = await startService(suite, (_heard, response) => {
    const status = [301, 302, 303, 307, 308][redirects % 5] ?? 302
    redirects += 1
    response
      .writeHead(status, {
        location: `http://127.0.0.2:${traps.port}/`,
        refresh: `0;url=http://127.0.0.3:${traps.port}/`,
      })
      .end()
  })
  let asked = 0
  let unasked = 0
  const resolver = await startService(suite, ({ request, body }, response) => {
    if (request.method !== 'POST' || request.url !== '/resolve') {
      unasked += 1
      response.writeHead(404).end()
      return
    }
    asked += 1
    const landing = clickSchema.parse(JSON.parse(body)).data?.landing ?? ''
    if (asked % 3 === 0) response.writeHead(302, { location: landing.replace(/[^\x21-\x7e]/g, '') }).end()
    else answerJson(response, { url: landing, on_denied: landing })
  })
  let taken = 0
  const platform = await startService(suite, (_heard, response) => {
    taken += 1
    if (taken % 3 === 0) response.writeHead(307, { location: `http://127.0.0.4:${traps.port}/` }).end()
    else answerJson(response, { status: 200, message: 'success' })
  })
  const known = [redirected.url, resolver.url, platform.url].map((url) => new URL(url).host)
  const attempts = new Map<string, number>()
  const variables = {
    RESOLVER: 'forward',
    RESOLVER_URL: `${resolver.url}/resolve`,
    RESOLVER_SECRET: 'prove-resolver-secret',
    STATUS_WEBHOOK_URL: `${redirected.url}/status`,
    STATUS_WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 1).toString('base64')}`,
    PUBLIC_URL: 'http://127.0.0.1:9',
    DIVAR_APP_SLUG: 'prove',
    DIVAR_CLIENT_SECRET: 'prove-client-secret',
    DIVAR_OAUTH_URL: platform.url,
    TRUST_PROXY: '1',
    RETRY_FIRST_MS: '20',
    RETRY_MAX_MS: '200',
    NODE_OPTIONS: `--import=${WATCH}`,
  }
  const gateway = spawnGateway(suite, environment(platform.url, ownSqlite(suite.folder).url, variables), {
    onOutput: (chunk) => {
      for (const [, to = ''] of chunk.matchAll(/connects (\S+)/g)) attempts.set(to, (attempts.get(to) ?? 0) + 1)
    },
  })
  const { port } = await gateway.ready
  const forms = addressForms(traps.port, resolver.url)
  const requests = forms.flatMap(everyPlace)
  const statuses = new Map<number, number>()
  suite.step(`addresses: ${count(requests.length)} requests`)
  const queue = requests.values()
  await askAll(port, 4, () => {
    const { value: request } = queue.next()
    return (
      request && {
        request,
        onAnswer: (answer) => {
          const status = answer?.status ?? 0
          statuses.set(status, (statuses.get(status) ?? 0) + 1)
        },
      }
    )
  })
  await suite.until('the webhook has answered redirects', () => redirects >= 10, WEBHOOKS_WITHIN_MS)
  await gateway.stop()

  const strange = [...attempts].filter(([to]) => !known.includes(to))
  report.section(`addresses: ${forms.length} forms in ${requests.length / forms.length} places each`)
  for (const [status, times] of [...statuses].sort(([one], [other]) => one - other))
    report.figure(`answered ${status}`, times)
  report.promise('redirects that the webhook answered', redirects, 'at least 10', redirects >= 10)
  const own = [...attempts].filter(([to]) => known.includes(to))
  report.promise(
    'connections to addresses of the configuration',
    own.reduce((sum, [, times]) => sum + times, 0),
    'to all three',
    own.length === known.length,
  )
  report.none('connections to any other address or name', strange.length)
  report.none('requests to other paths of a known address', unasked)
  report.none('connections that the traps saw', traps.connections())
  for (const [to, times] of strange) report.figure(`  ${to}`, times)
  await traps.spring()
  report.promise('the traps work', traps.connections(), 'must be more', traps.connections() > 0)
}

/** One address, at each place that can hold one. */
function everyPlace(form: string): Buffer[] {
  const message = {
    receiver_btn: { action: 'DIRECT_LINK', data: { caption: 'c', direct_link: form } },
    sender_btn: { action: 'LINK', data: { caption: 'c', extra_data: { a: form } } },
  }
  const button = (action: object) => ({
    ...MESSAGE_V2,
    receiver_buttons: { rows: [{ buttons: [{ action, icon: 'i', caption: form }] }] },
  })
  const header = form.replace(/[^\x20-\x7e]/g, '')
  const internal = { 'x-api-key': KEYS.caller, 'content-type': 'application/json' }
  const click = { 'api-version': '2' }
  return [
    rawClick(JSON.stringify({ ...CLICK_V1, callback_url: form, extra_data: { provider_data: { landing: form } } })),
    rawClick(JSON.stringify({ ...CLICK_V2, return_url: form, extra_data: { landing: form } }), click),
    rawClick(JSON.stringify({ ...CLICK_V2, source: form, extra_data: { url: form, webhook: form } }), click),
    rawSend(JSON.stringify({ ...MESSAGE_V1, ...message })),
    rawSend(JSON.stringify({ ...MESSAGE_V1, ...message, message: form }), { prefer: 'respond-async' }),
    rawSend(JSON.stringify(button({ open_direct_link: form })), { prefer: 'respond-async' }),
    rawSend(JSON.stringify(button({ open_server_link: { data: { url: form } } }))),
    rawRequest('POST', '/consents', internal, JSON.stringify({ scopes: ['phone'], user_id: 'u', return_url: form })),
    ...HEADERS.map((name) => rawClick(JSON.stringify(CLICK_V2), { ...click, [name]: header })),
    rawRequest('GET', `/oauth/start?click=${encodeURIComponent(form)}`, {}),
    rawRequest('GET', `/oauth/callback?code=x&state=${encodeURIComponent(form)}&iss=${encodeURIComponent(form)}`, {}),
  ]
}
