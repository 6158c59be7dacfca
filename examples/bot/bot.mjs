// A bot that answers `/start` and remembers nothing. Events, dynamic actions and clicks come from the gateway; its messages go to it.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'

const { BOT_PORT, GATEWAY_URL, INTERNAL_API_KEYS, EVENTS_SECRET, RESOLVER_SECRET } = process.env
const apiKey = INTERNAL_API_KEYS.split(':')[1]
// Two while the secret rotates, separated by a comma.
const eventsKeys = EVENTS_SECRET.split(',').map((secret) => Buffer.from(secret.trim().replace('whsec_', ''), 'base64'))

const routes = {
  'POST /events': async ({ headers }, body) => (isSigned(headers, body) ? answerStart(JSON.parse(body)) : [401, {}]),
  'POST /action': ({ headers }) => (isGateway(headers) ? [200, { text: 'نوبت شما فردا ساعت ۱۰ است.' }] : [401, {}]),
  'POST /landing': ({ headers }) => (isGateway(headers) ? [200, landing] : [401, {}]),
  'GET /price': () => [200, '<!doctype html><html lang="fa" dir="rtl"><title>قیمت</title><p>کارشناسی: ۲۰۰٬۰۰۰ تومان'],
}

const landing = { url: `http://127.0.0.1:${BOT_PORT}/price`, scopes: ['phone'] }
const button = (caption, icon, action) => ({ buttons: [{ caption, icon, action }] })
const buttons = {
  rows: [
    button('نوبت من', 'EVENT', { get_dynamic_action: { data: { ask: 'turn' } } }),
    button('قیمت', 'WALLET', { open_server_link: { data: { ask: 'price' } } }),
  ],
}

async function answerStart({ id, type, conversation, message }) {
  if (type !== 'NEW_CHATBOT_MESSAGE' || !message?.text?.startsWith('/start')) return [200, {}]
  const sent = await fetch(`${GATEWAY_URL}/messages`, {
    method: 'POST',
    // An event may come twice; with its id as the key, the message is sent once.
    headers: { 'x-api-key': apiKey, 'content-type': 'application/json', 'idempotency-key': id },
    body: JSON.stringify({ bot: { conversation_id: conversation.id }, text_message: 'سلام! چه می‌خواهید؟', buttons }),
  })
  return [sent.ok ? 200 : 503, {}]
}

const isGateway = ({ authorization }) => authorization === `Bearer ${RESOLVER_SECRET}`

function isSigned({ 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signatures = '' }, body) {
  const signatureBy = (key) => createHmac('sha256', key).update(`${id}.${time}.${body}`).digest('base64')
  const expected = eventsKeys.map((key) => Buffer.from(`v1,${signatureBy(key)}`))
  const isRecent = Math.abs(Date.now() / 1000 - Number(time)) < 300
  const isRight = (given) => expected.some((one) => given.length === one.length && timingSafeEqual(given, one))
  return isRecent && signatures.split(' ').some((given) => isRight(Buffer.from(given)))
}

createServer(async (request, response) => {
  const route = routes[`${request.method} ${request.url.split('?')[0]}`] ?? (() => [404, {}])
  const [status, body] = await route(request, await text(request))
  const isPage = typeof body === 'string'
  response.writeHead(status, { 'content-type': isPage ? 'text/html; charset=utf-8' : 'application/json' })
  response.end(isPage ? body : JSON.stringify(body))
}).listen(Number(BOT_PORT), '127.0.0.1', () => process.stdout.write(`The bot listens on ${BOT_PORT}.\n`))
