import type { JsonObject } from '../../src/base/strict-json.ts'
import { refTo, type WebhookBodyName } from './components.ts'
import type { ParameterName } from './headers.ts'
import type { Language, Text } from './text.ts'

/** A request that the gateway sends, named after the variable that has its URL. */
type Webhook = {
  variable: string
  id: string
  summary: Text
  more: Text
  body: WebhookBodyName
  /** What each status of the receiver's answer means. */
  answers: Readonly<Record<string, Text>>
}

const HEADERS: readonly ParameterName[] = ['webhook-id', 'webhook-timestamp', 'webhook-signature']

const TAKEN: Text = {
  en: 'The request is taken, and not sent again. The body of the answer is ignored.',
  fa: 'درخواست پذیرفته شد و دوباره فرستاده نمی‌شود. بدنهٔ پاسخ نادیده گرفته می‌شود.',
}
const RETRIED: Text = {
  en: 'The request is sent again: after 1 s, 2 s, 4 s ... up to 1 h, for 24 h (`RETRY_FIRST_MS`, `RETRY_MAX_MS`, `RETRY_FOR_MS`). The same after a timeout of 10 s. A `Retry-After` is honored.',
  fa: 'درخواست دوباره فرستاده می‌شود: بعد از ۱، ۲، ۴ ... ثانیه تا ۱ ساعت، تا ۲۴ ساعت (`RETRY_FIRST_MS` و `RETRY_MAX_MS` و `RETRY_FOR_MS`). اگر تا ۱۰ ثانیه پاسخی نیاید هم همین است. `Retry-After` رعایت می‌شود.',
}

const WEBHOOKS: readonly Webhook[] = [
  {
    variable: 'STATUS_WEBHOOK_URL',
    id: 'receiveMessageEnded',
    summary: { en: 'Receive the final state of a message', fa: 'دریافت وضعیت نهایی یک پیام' },
    more: {
      en: 'Each final state of a stored message is sent, signed with `STATUS_WEBHOOK_SECRET`, without the text and the user’s id. Requests about one message arrive in order. The same one may arrive twice: recognize it by `webhook-id`. The receivers of events take these requests too, with this secret in `EVENTS_SECRET`.',
      fa: 'هر وضعیت نهایی پیام ذخیره‌شده با امضای `STATUS_WEBHOOK_SECRET` فرستاده می‌شود، بدون متن و شناسهٔ کاربر. درخواست‌های یک پیام به ترتیب می‌رسند. ممکن است یک درخواست دو بار برسد: آن را با `webhook-id` بشناسید. گیرنده‌های رویداد این درخواست‌ها را هم می‌گیرند، با همین secret در `EVENTS_SECRET`.',
    },
    body: 'MessageEnded',
    answers: { '2XX': TAKEN, default: RETRIED },
  },
  {
    variable: 'EVENTS_URL',
    id: 'receiveEvent',
    summary: { en: 'Receive an event', fa: 'دریافت یک رویداد' },
    more: {
      en: 'Each event that Divar reports is sent, signed with `EVENTS_SECRET`. Events of one conversation arrive in order. The same one may arrive twice: recognize it by `webhook-id`, which is the event’s `id`. The set of types is open.',
      fa: 'هر رویدادی که دیوار گزارش کند با امضای `EVENTS_SECRET` فرستاده می‌شود. رویدادهای یک گفت‌وگو به ترتیب می‌رسند. ممکن است یک رویداد دو بار برسد: آن را با `webhook-id` بشناسید که همان `id` رویداد است. ممکن است نوع‌های تازه‌ای هم بیاید.',
    },
    body: 'PassedEvent',
    answers: {
      '2XX': TAKEN,
      '4XX': {
        en: 'The event is refused for good, and the next one goes. 408, 409, 425 and 429 are retried like other statuses.',
        fa: 'رویداد برای همیشه رد شد و رویداد بعدی می‌رود. پس از 408 و 409 و 425 و 429 مانند وضعیت‌های دیگر دوباره تلاش می‌شود.',
      },
      default: RETRIED,
    },
  },
]

/** The requests that the gateway sends to the company's services. */
export function describeWebhooks(language: Language): JsonObject {
  return Object.fromEntries(
    WEBHOOKS.map(({ variable, ...webhook }) => [variable, { post: describe(webhook, language) }]),
  )
}

function describe({ id, summary, more, body, answers }: Omit<Webhook, 'variable'>, language: Language): JsonObject {
  return {
    operationId: id,
    tags: ['webhooks'],
    summary: summary[language],
    description: more[language],
    // The signature authenticates the gateway.
    security: [],
    parameters: HEADERS.map((name) => ({ $ref: `#/components/parameters/${name}` })),
    requestBody: { required: true, content: { 'application/json': { schema: refTo(body) } } },
    responses: Object.fromEntries(
      Object.entries(answers).map(([status, text]) => [
        status,
        {
          description: text[language],
          headers: status === '2XX' ? {} : { 'Retry-After': { $ref: '#/components/headers/Retry-After' } },
        },
      ]),
    ),
  }
}
