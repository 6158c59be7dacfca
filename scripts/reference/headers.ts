import type { JsonObject } from '../../src/base/strict-json.ts'
import type { Text } from './text.ts'

type Described = { text: Text; schema: JsonObject }

const token: JsonObject = { type: 'string', maxLength: 4096 }

/** What stands in a request beside its body. */
const PARAMETERS = {
  'x-request-id': {
    in: 'header',
    schema: { type: 'string', pattern: '^[\\w.:/+=-]{1,128}$' },
    text: {
      en: 'A name for this request, which comes back and stands in the log. Another is drawn where there is none.',
      fa: 'نامی برای این درخواست که در پاسخ و در لاگ هم می‌آید. اگر نباشد، نامی ساخته می‌شود.',
    },
  },
  traceparent: {
    in: 'header',
    schema: { type: 'string' },
    text: { en: 'W3C trace context; its trace id stands in the log.', fa: 'ردیابی W3C؛ شناسه‌اش در لاگ می‌آید.' },
  },
  'API-Version': {
    in: 'header',
    schema: { type: 'string', enum: ['1', '2'] },
    text: {
      en: 'Which wire it is; also read as `API_VERSION`. Without it: 1.',
      fa: 'نسخهٔ پروتکل؛ `API_VERSION` هم خوانده می‌شود. بدون آن: ۱.',
    },
  },
  'x-access-token': {
    in: 'header',
    schema: token,
    text: {
      en: "The user's access token; `Authorization: Bearer` does as well. Without either, a grant that the gateway holds.",
      fa: 'توکن دسترسی کاربر؛ `Authorization: Bearer` هم می‌شود. بدون این دو، از اجازه‌ای که دروازه نگه داشته استفاده می‌شود.',
    },
  },
  'Idempotency-Key': {
    in: 'header',
    schema: { type: 'string', minLength: 1, maxLength: 257 },
    text: {
      en: 'Makes a repeat safe: the same request gets the same answer for 24 h. 1 to 255 visible ASCII characters, bare or in double quotes. Needs a store.',
      fa: 'تکرار را بی‌خطر می‌کند: همان درخواست تا ۲۴ ساعت همان پاسخ را می‌گیرد. ۱ تا ۲۵۵ نویسهٔ ASCII، با گیومه یا بی‌گیومه. به ذخیره‌گاه نیاز دارد.',
    },
  },
  Prefer: {
    in: 'header',
    schema: { type: 'string', examples: ['respond-async'] },
    text: {
      en: '`respond-async`: answered 202 once the message is safe on the disk, delivered after that. Needs a store.',
      fa: '`respond-async`: همین که پیام روی دیسک امن شد ۲۰۲ برمی‌گردد و بعد ارسال می‌شود. به ذخیره‌گاه نیاز دارد.',
    },
  },
  conversation_id: {
    in: 'path',
    schema: { type: 'string', minLength: 1, maxLength: 128 },
    text: { en: 'The conversation.', fa: 'شناسهٔ گفت‌وگو.' },
  },
  message_id: pathId('msg', { en: 'The id of a message of yours.', fa: 'شناسهٔ یکی از پیام‌های شما.' }),
  click_id: pathId('clk', { en: 'The `click_id` of a landing.', fa: 'همان `click_id` در نشانی مقصد.' }),
  grant_id: pathId('grt', { en: 'The id of a grant.', fa: 'شناسهٔ اجازه.' }),
  consent_id: pathId('cns', { en: 'The id in a consent link.', fa: 'شناسهٔ داخل پیوند اجازه.' }),
  user_id: {
    in: 'path',
    schema: { type: 'string', minLength: 1, maxLength: 128 },
    text: { en: 'The id of a user, of the v2 wire.', fa: 'شناسهٔ کاربر در نسخهٔ ۲.' },
  },
  code: {
    in: 'query',
    schema: { type: 'string' },
    text: { en: 'The code that Divar gave the user.', fa: 'کدی که دیوار به کاربر داده است.' },
  },
  state: {
    in: 'query',
    schema: { type: 'string' },
    text: { en: 'What the walk was opened with.', fa: 'همان state که اجازه‌گیری با آن شروع شده است.' },
  },
  lang: {
    in: 'query',
    schema: { type: 'string', enum: ['en', 'fa'] },
    text: {
      en: 'English or Persian; without it, what `Accept-Language` likes better.',
      fa: 'انگلیسی یا فارسی؛ بدون آن، هرکدام که `Accept-Language` ترجیح می‌دهد.',
    },
  },
} as const satisfies Record<string, Described & { in: 'header' | 'path' | 'query' }>

export type ParameterName = keyof typeof PARAMETERS
export const parameters: Readonly<Record<ParameterName, Described & { in: string; name?: string }>> = PARAMETERS

function pathId(kind: string, text: Text) {
  return { in: 'path', name: 'id', schema: { type: 'string', pattern: `^${kind}_[\\w-]{24}$` }, text } as const
}

const HEADERS = {
  'x-request-id': {
    schema: { type: 'string' },
    text: { en: 'The name of this request, as in the log.', fa: 'نام این درخواست، همان که در لاگ است.' },
  },
  'Retry-After': {
    schema: { type: 'integer', minimum: 0 },
    text: { en: 'Seconds to wait before a repeat.', fa: 'چند ثانیه صبر پیش از تکرار.' },
  },
  RateLimit: {
    schema: { type: 'string', examples: ['"queue";r=0;t=10'] },
    text: { en: 'What is left of a bound.', fa: 'از سقف چقدر مانده است.' },
  },
  'RateLimit-Policy': {
    schema: { type: 'string', examples: ['"queue";q=10000'] },
    text: { en: 'The bound itself.', fa: 'خود سقف.' },
  },
  Location: {
    schema: { type: 'string' },
    text: { en: 'Where it goes on.', fa: 'ادامه کجاست.' },
  },
  'Preference-Applied': {
    schema: { type: 'string', const: 'respond-async' },
    text: { en: 'That the preference was followed.', fa: 'اینکه خواستهٔ `Prefer` برآورده شد.' },
  },
  'Idempotent-Replayed': {
    schema: { type: 'string', const: 'true' },
    text: { en: 'That this is the answer of an earlier request.', fa: 'اینکه این پاسخِ درخواست قبلی است.' },
  },
} satisfies Record<string, Described>

export type HeaderName = keyof typeof HEADERS
export const headers: Readonly<Record<HeaderName, Described>> = HEADERS
