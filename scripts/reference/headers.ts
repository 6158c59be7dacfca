import type { JsonObject } from '../../src/base/strict-json.ts'
import { EXAMPLE } from './examples.ts'
import type { Text } from './text.ts'

type Described = { text: Text; schema: JsonObject; example?: string }

const token: JsonObject = { type: 'string', maxLength: 4096 }

/** Parameters of requests. */
const PARAMETERS = {
  'x-request-id': {
    in: 'header',
    schema: { type: 'string', pattern: '^[\\w.:/+=-]{1,128}$' },
    text: {
      en: 'Your id for this request. It is returned and logged. Without it the gateway generates one.',
      fa: 'شناسهٔ شما برای این درخواست. در پاسخ و در لاگ می‌آید. اگر نفرستید، دروازه یکی می‌سازد.',
    },
  },
  traceparent: {
    in: 'header',
    schema: { type: 'string' },
    text: {
      en: 'W3C trace context. The trace id is logged.',
      fa: 'trace context استاندارد W3C. شناسهٔ trace در لاگ می‌آید.',
    },
  },
  'API-Version': {
    in: 'header',
    schema: { type: 'string', enum: ['1', '2'] },
    text: {
      en: 'The API version. `API_VERSION` is also read. Default: 1.',
      fa: 'نسخهٔ API. `API_VERSION` هم خوانده می‌شود. پیش‌فرض: ۱.',
    },
  },
  'x-access-token': {
    in: 'header',
    schema: token,
    text: {
      en: "The user's access token. `Authorization: Bearer` works too. Without either, the gateway uses a stored grant.",
      fa: 'access token کاربر. `Authorization: Bearer` هم پذیرفته می‌شود. بدون این دو، دروازه از اجازهٔ ثبت‌شده استفاده می‌کند.',
    },
  },
  'x-divar-user-id': {
    in: 'header',
    schema: { type: 'string', minLength: 1, maxLength: 128 },
    text: {
      en: 'The user whose grant is used. Needed where neither the path nor a token says in whose name the call is made.',
      fa: 'کاربری که اجازهٔ ثبت‌شدهٔ او به کار می‌رود. وقتی لازم است که نه مسیر و نه token نمی‌گوید فراخوانی از طرف کیست.',
    },
  },
  'Idempotency-Key': {
    in: 'header',
    schema: { type: 'string', minLength: 1, maxLength: 257 },
    text: {
      en: 'Makes it safe to retry: the same request gets the same response for 24 h. 1 to 255 visible ASCII characters, with or without double quotes. Needs a store.',
      fa: 'تلاش دوباره را بی‌خطر می‌کند: همان درخواست تا ۲۴ ساعت همان پاسخ را می‌گیرد. ۱ تا ۲۵۵ نویسهٔ ASCII، با گیومه یا بدون آن. به پایگاه داده نیاز دارد.',
    },
  },
  Prefer: {
    in: 'header',
    schema: { type: 'string', examples: ['respond-async'] },
    text: {
      en: '`respond-async`: 202 once the message is committed to disk; it is delivered after that. Needs a store.',
      fa: '`respond-async`: همین که پیام روی دیسک ثبت شد ۲۰۲ برمی‌گردد و بعد ارسال می‌شود. به پایگاه داده نیاز دارد.',
    },
  },
  conversation_id: {
    in: 'path',
    schema: { type: 'string', minLength: 1, maxLength: 128 },
    example: EXAMPLE.conversationId,
    text: { en: 'The conversation id.', fa: 'شناسهٔ گفت‌وگو.' },
  },
  message_id: pathId('msg', { en: 'The id of one of your messages.', fa: 'شناسهٔ یکی از پیام‌های شما.' }),
  click_id: pathId('clk', { en: 'The `click_id` from the landing URL.', fa: '`click_id` در آدرس مقصد.' }),
  grant_id: pathId('grt', { en: 'The id of a grant.', fa: 'شناسهٔ اجازهٔ ثبت‌شده.' }),
  subscription_id: pathId('sub', { en: 'The id of one of your subscriptions.', fa: 'شناسهٔ یکی از اشتراک‌های شما.' }),
  consent_id: pathId('cns', { en: 'The id in a consent link.', fa: 'شناسهٔ داخل لینک اجازه.' }),
  user_id: {
    in: 'path',
    schema: { type: 'string', minLength: 1, maxLength: 128 },
    example: EXAMPLE.sellerV2,
    text: { en: 'A user id of API version 2.', fa: 'شناسهٔ کاربر در نسخهٔ ۲ API.' },
  },
  code: {
    in: 'query',
    schema: { type: 'string' },
    text: { en: 'The authorization code from Divar.', fa: 'کد authorization که دیوار داده است.' },
  },
  state: {
    in: 'query',
    schema: { type: 'string' },
    text: { en: 'The `state` of this authorization flow.', fa: '`state` همین جریان اجازه.' },
  },
  page: {
    in: 'path',
    schema: { type: 'string' },
    example: 'messages',
    text: { en: 'The name of a page.', fa: 'نام یک صفحه.' },
  },
  file: {
    in: 'path',
    schema: { type: 'string' },
    example: 'docs.css',
    text: { en: 'A file that a page names.', fa: 'فایلی که یک صفحه نام می‌برد.' },
  },
  lang: {
    in: 'query',
    schema: { type: 'string', enum: ['en', 'fa'] },
    text: {
      en: 'English or Persian. Default: from `Accept-Language`.',
      fa: 'انگلیسی یا فارسی. پیش‌فرض از `Accept-Language` است.',
    },
  },
  'webhook-id': {
    in: 'header',
    required: true,
    schema: { type: 'string', pattern: '^(?:evt|dve)_[A-Za-z0-9_-]{24}$' },
    text: {
      en: 'The id of the request, the same in each attempt: ignore ids that you have seen.',
      fa: 'شناسهٔ درخواست که در همهٔ تلاش‌ها یکی است: شناسه‌ای را که دیده‌اید نادیده بگیرید.',
    },
  },
  'webhook-timestamp': {
    in: 'header',
    required: true,
    schema: { type: 'string', pattern: '^\\d+$' },
    text: {
      en: 'The time of the attempt, in seconds since 1970. Refuse one that is more than 5 minutes away.',
      fa: 'زمان تلاش، به ثانیه از ۱۹۷۰. اگر بیش از ۵ دقیقه اختلاف دارد آن را رد کنید.',
    },
  },
  'webhook-signature': {
    in: 'header',
    required: true,
    schema: { type: 'string', pattern: '^v1,[A-Za-z0-9+/]{43}=$' },
    text: {
      en: '`v1,` and the base64 of HMAC-SHA256 over `webhook-id.webhook-timestamp.body`. The libraries of [Standard Webhooks](https://www.standardwebhooks.com) verify it.',
      fa: '`v1,` و base64 از HMAC-SHA256 روی `webhook-id.webhook-timestamp.body`. کتابخانه‌های [Standard Webhooks](https://www.standardwebhooks.com) آن را بررسی می‌کنند.',
    },
  },
} as const satisfies Record<string, Described & { in: 'header' | 'path' | 'query'; required?: boolean }>

export type ParameterName = keyof typeof PARAMETERS
export const parameters: Readonly<Record<ParameterName, Described & { in: string; name?: string }>> = PARAMETERS

function pathId(kind: string, text: Text) {
  return {
    in: 'path',
    name: 'id',
    schema: { type: 'string', pattern: `^${kind}_[\\w-]{24}$` },
    example: `${kind}_${EXAMPLE.id}`,
    text,
  } as const
}

const HEADERS = {
  'x-request-id': {
    schema: { type: 'string' },
    text: { en: 'The id of this request, as in the log.', fa: 'شناسهٔ این درخواست، همان که در لاگ است.' },
  },
  'Retry-After': {
    schema: { type: 'integer', minimum: 0 },
    text: { en: 'Seconds to wait before a retry.', fa: 'چند ثانیه پیش از تلاش دوباره صبر کنید.' },
  },
  RateLimit: {
    schema: { type: 'string', examples: ['"queue";r=0;t=10'] },
    text: { en: 'What is left of a limit.', fa: 'از سقف چقدر مانده است.' },
  },
  'RateLimit-Policy': {
    schema: { type: 'string', examples: ['"queue";q=10000'] },
    text: { en: 'The limit.', fa: 'سقف.' },
  },
  Location: {
    schema: { type: 'string' },
    text: { en: 'The address to go to next.', fa: 'آدرس بعدی.' },
  },
  'Preference-Applied': {
    schema: { type: 'string', const: 'respond-async' },
    text: { en: 'The preference that was applied.', fa: 'مقداری از `Prefer` که اعمال شد.' },
  },
  'Idempotent-Replayed': {
    schema: { type: 'string', const: 'true' },
    text: {
      en: 'This is the response to an earlier request with the same key.',
      fa: 'این پاسخِ درخواست قبلی با همین کلید است.',
    },
  },
} satisfies Record<string, Described>

export type HeaderName = keyof typeof HEADERS
export const headers: Readonly<Record<HeaderName, Described>> = HEADERS
