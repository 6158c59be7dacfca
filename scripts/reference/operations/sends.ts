import type { AnswerName } from '../components.ts'
import { ANY_BODY, ANY_CALLER, ANY_STORED, type Answer, type Operation } from '../operation.ts'

const sendParameters = ['Idempotency-Key', 'Prefer', 'x-access-token', 'x-request-id', 'traceparent'] as const

const sendAnswers = (delivered: AnswerName, queued: AnswerName): Record<number, Answer> => ({
  200: {
    schema: delivered,
    text: { en: 'Divar accepted the message.', fa: 'دیوار پیام را پذیرفت.' },
    headers: ['Idempotent-Replayed'],
  },
  202: {
    schema: queued,
    text: {
      en: 'The message is stored and will be delivered. Only with `Prefer: respond-async`.',
      fa: 'پیام ذخیره شد و ارسال خواهد شد. فقط با `Prefer: respond-async`.',
    },
    headers: ['Location', 'Preference-Applied', 'Idempotent-Replayed'],
  },
})

const sendCodes: Operation['codes'] = [
  ...ANY_BODY,
  ...ANY_STORED,
  ...ANY_CALLER,
  'invalid_message',
  'consent_required',
  'token_refused',
  'not_permitted',
  'sender_ambiguous',
  'idempotency_key_running',
  'idempotency_key_reused',
  'recipient_restricted',
  'rejected',
  'too_many_sends',
  'rate_limited',
  'queue_full',
  'grant_unreadable',
  'platform_error',
  'not_sent',
  'platform_unavailable',
  'store_outcome_unknown',
  'unknown',
]

const send = { method: 'post', asker: 'service', section: 'sends', permissions: ['send'], codes: sendCodes } as const
const platformSend = { ...send, isPlatforms: true, answers: sendAnswers('Delivered', 'Queued') } as const
/** How the platform's own paths differ. */
const platformMore = {
  en: 'Responses have the platform’s format, so that its SDKs can read them: there is no `ignored`, and an error is `{"code", "message", "details"}` with the problem document as the only detail.',
  fa: 'پاسخ‌ها به شکل خود دیوار است تا SDKهای آن بتوانند بخوانند: `ignored` ندارد و خطا `{"code", "message", "details"}` است و `details` فقط سند خطا را دارد.',
}

const botSend = { ...platformSend, bodies: ['TextByBotToPath', 'MediaByBotToPath'] } as const
const botMore = {
  en: `The same send as \`bot\` on \`/messages\`: a message into a conversation needs no user token, one to a user needs that user's token or grant with \`CHAT_BOT_USER_MESSAGE_SEND\`. ${platformMore.en}`,
  fa: `همان ارسال با \`bot\` در \`/messages\`: پیام در گفت‌وگو token کاربر نمی‌خواهد؛ پیام به کاربر، token همان کاربر یا اجازهٔ ثبت‌شدهٔ او با \`CHAT_BOT_USER_MESSAGE_SEND\` را می‌خواهد. ${platformMore.fa}`,
}
const formerMore = {
  en: 'A former path of the platform that old clients still call. The gateway calls Divar under the current path.',
  fa: 'مسیر پیشین دیوار که کلاینت‌های قدیمی هنوز صدا می‌زنند. دروازه دیوار را با مسیر امروز صدا می‌زند.',
}

const more = {
  en: 'The body is the platform’s, in either API version: `conversation_id` selects v2; `user_id`, `post_token` and `peer_id` select a v1 chat. Each side has one button or a grid, in the format of either version. A message has a text or a `media_token` (v2). `bot` sends as the app’s bot, with exactly one of `conversation_id` (no user token needed) and `user_id`; its body has `text_message` (or `message`), `media_token` and one grid `buttons`, and the answer has Divar’s `conversation_id`. `delivery: "at-least-once"` allows a retry after an unknown outcome. The response lists fields that were not read, such as misspelled ones, as JSON pointers (`ignored`). After a 429 without `Retry-After` the queue is held for 60 s, doubled at each further 429 up to 15 minutes; then one message goes first, and one at least each hour.',
  fa: 'بدنه همان بدنهٔ دیوار است، در هر دو نسخهٔ API: با `conversation_id` نسخهٔ ۲، و با `user_id` و `post_token` و `peer_id` گفت‌وگوی نسخهٔ ۱. هر طرف یک دکمه یا یک جدول دکمه دارد، به قالب هر کدام از دو نسخه. پیام یا متن دارد یا `media_token` (فقط نسخهٔ ۲). با `bot` پیام از طرف ربات اپ می‌رود و دقیقاً یکی از `conversation_id` (بدون token کاربر) و `user_id` را دارد؛ بدنه‌اش `text_message` (یا `message`)، `media_token` و یک جدول `buttons` دارد و پاسخ، `conversation_id` دیوار را. با `delivery: "at-least-once"` پس از نتیجهٔ نامشخص هم تلاش دوباره می‌شود. فیلدهایی که خوانده نشدند (مثل غلط املایی) در پاسخ با JSON pointer در `ignored` می‌آیند. پس از 429 بدون `Retry-After` صف ارسال ۶۰ ثانیه مکث می‌کند و با هر 429 بعدی دو برابر، تا ۱۵ دقیقه؛ بعد اول یک پیام فرستاده می‌شود، و دست‌کم هر ساعت یکی.',
}

export const sends: readonly Operation[] = [
  {
    ...send,
    answers: sendAnswers('DeliveredByMessages', 'QueuedByMessages'),
    id: 'sendMessage',
    path: '/messages',
    summary: { en: 'Send a message into a chat', fa: 'فرستادن پیام در گفت‌وگو' },
    more,
    parameters: sendParameters,
    bodies: ['TextToConversation', 'MediaToConversation', 'TextToTriple', 'TextByBot', 'MediaByBot'],
  },
  {
    id: 'checkMessage',
    method: 'post',
    path: '/messages/check',
    asker: 'service',
    section: 'sends',
    permissions: ['send'],
    summary: { en: 'Check a message without sending it', fa: 'بررسی پیام بدون فرستادن' },
    more: {
      en: 'An invalid message gets the same 400 as at `/messages`. Nothing is sent or stored. It needs no access token, and `Prefer` and `Idempotency-Key` have no effect, but a malformed key is refused as in a send. It does not tell whether the user has consented, or whether Divar would accept the message.',
      fa: 'پیام نادرست همان 400 را می‌گیرد که در `/messages`. چیزی فرستاده یا ذخیره نمی‌شود. access token لازم نیست و `Prefer` و `Idempotency-Key` اثری ندارند، ولی کلید بدشکل مانند ارسال رد می‌شود. نمی‌گوید که کاربر اجازه داده است یا دیوار پیام را می‌پذیرد.',
    },
    parameters: ['x-request-id'],
    bodies: ['TextToConversation', 'MediaToConversation', 'TextToTriple', 'TextByBot', 'MediaByBot'],
    answers: {
      200: {
        schema: 'Checked',
        text: {
          en: 'The message is valid. `ignored` lists fields that are not read, as JSON pointers.',
          fa: 'پیام درست است. `ignored` فیلدهایی را که خوانده نمی‌شوند با JSON pointer فهرست می‌کند.',
        },
      },
    },
    codes: [...ANY_BODY, ...ANY_CALLER, 'invalid_message'],
  },
  {
    ...platformSend,
    more: platformMore,
    id: 'sendMessageV1',
    path: '/v2/open-platform/chat/conversation',
    summary: { en: 'Send a message, on the platform’s v1 path', fa: 'فرستادن پیام با مسیر نسخهٔ ۱ دیوار' },
    parameters: sendParameters,
    bodies: ['TextToTriple', 'TextToConversation', 'MediaToConversation', 'TextByBot', 'MediaByBot'],
  },
  {
    ...platformSend,
    more: platformMore,
    id: 'sendMessageV2',
    path: '/v2/open-platform/conversations/{conversation_id}/messages',
    summary: { en: 'Send a message, on the platform’s v2 path', fa: 'فرستادن پیام با مسیر نسخهٔ ۲ دیوار' },
    parameters: ['conversation_id', ...sendParameters],
    bodies: ['TextToPath', 'MediaToPath'],
  },
  {
    ...botSend,
    more: botMore,
    id: 'sendBotMessage',
    path: '/v1/open-platform/chat/bot/conversations/{conversation_id}/messages',
    summary: { en: 'Send a bot message into a conversation', fa: 'فرستادن پیام ربات در یک گفت‌وگو' },
    parameters: ['conversation_id', ...sendParameters],
  },
  {
    ...botSend,
    more: botMore,
    id: 'sendBotMessageToUser',
    path: '/v1/open-platform/chat/bot/users/{user_id}/messages',
    summary: { en: 'Send a bot message to a user', fa: 'فرستادن پیام ربات به یک کاربر' },
    parameters: ['user_id', ...sendParameters],
  },
  {
    ...botSend,
    more: formerMore,
    id: 'sendBotMessageFormerly',
    path: '/experimental/open-platform/chat/bot/conversations/{conversation_id}/messages',
    summary: { en: 'Send a bot message, on a former path', fa: 'فرستادن پیام ربات با مسیر پیشین' },
    parameters: ['conversation_id', ...sendParameters],
  },
  {
    ...botSend,
    more: formerMore,
    id: 'sendBotMessageToUserFormerly',
    path: '/experimental/open-platform/chat/bot/users/{user_id}/messages',
    summary: { en: 'Send a bot message to a user, on a former path', fa: 'فرستادن پیام ربات به کاربر با مسیر پیشین' },
    parameters: ['user_id', ...sendParameters],
  },
  {
    ...botSend,
    more: formerMore,
    id: 'sendBotMessageFirst',
    path: '/experimental/open-platform/chatbot-conversations/{conversation_id}/messages',
    summary: { en: 'Send a bot message, on its first path', fa: 'فرستادن پیام ربات با نخستین مسیر' },
    parameters: ['conversation_id', ...sendParameters],
  },
]
