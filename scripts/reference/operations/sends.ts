import { messageFilter } from '../../../src/messages/status-routes.ts'
import type { AnswerName } from '../components.ts'
import { ANY_BODY, ANY_CALLER, ANY_REQUEST, ANY_STORED, type Answer, type Operation } from '../operation.ts'

const sendParameters = ['Idempotency-Key', 'Prefer', 'x-access-token', 'x-request-id', 'traceparent'] as const

const sendAnswers = (delivered: AnswerName, queued: AnswerName): Record<number, Answer> => ({
  200: {
    schema: delivered,
    text: { en: 'Divar took it.', fa: 'دیوار پیام را گرفت.' },
    headers: ['Idempotent-Replayed'],
  },
  202: {
    schema: queued,
    text: {
      en: 'It is safe, and will be delivered. Only with `Prefer: respond-async`.',
      fa: 'پیام امن است و ارسال خواهد شد. فقط با `Prefer: respond-async`.',
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

const send = { method: 'post', asker: 'service', section: 'sends', codes: sendCodes } as const
const platformSend = { ...send, isPlatforms: true, answers: sendAnswers('Delivered', 'Queued') } as const
/** What is other under the platform's own paths. */
const platformMore = {
  en: 'Answers are the platform’s own, so that its SDKs can read them: no `ignored`, and a refusal is `{"code", "message", "details"}` with the problem document as the one detail.',
  fa: 'پاسخ‌ها به شکل خود دیوار است تا SDKهای آن بتوانند بخوانند: `ignored` ندارد و خطا `{"code", "message", "details"}` است که تنها جزئیات آن همان سند خطاست.',
}

const more = {
  en: 'The body is the platform’s own, of either wire: `conversation_id` makes it v2, else `user_id`, `post_token` and `peer_id` name a chat of v1. Buttons may be written either way, one or a grid for each side, not both. A message has a text or a `media_token` (v2). `delivery: "at-least-once"` lets attempts be repeated whose outcome is unknown. Members that are not read, mostly misspelled ones, are named in the answer as JSON pointers (`ignored`).',
  fa: 'بدنه همان بدنهٔ خود دیوار است، در هر دو نسخه: `conversation_id` یعنی نسخهٔ ۲، وگرنه `user_id` و `post_token` و `peer_id` گفت‌وگوی نسخهٔ ۱ را مشخص می‌کنند. دکمه‌ها به هر دو شکل نوشته می‌شوند: برای هر طرف یا یک دکمه یا یک جدول. پیام یا متن دارد یا `media_token` (فقط نسخهٔ ۲). با `delivery: "at-least-once"` تلاش‌هایی که نتیجه‌شان معلوم نیست تکرار می‌شوند. عضوهایی که خوانده نمی‌شوند (بیشتر غلط املایی) در پاسخ به صورت JSON pointer نام برده می‌شوند (`ignored`).',
}

export const sends: readonly Operation[] = [
  {
    ...send,
    answers: sendAnswers('DeliveredByMessages', 'QueuedByMessages'),
    id: 'sendMessage',
    path: '/messages',
    summary: { en: 'Send a message into a chat', fa: 'فرستادن پیام در چت' },
    more,
    parameters: sendParameters,
    bodies: ['TextToConversation', 'MediaToConversation', 'TextToTriple'],
  },
  {
    ...platformSend,
    more: platformMore,
    id: 'sendMessageV1',
    path: '/v2/open-platform/chat/conversation',
    summary: { en: 'The same, under the platform’s path of v1', fa: 'همان، با مسیر نسخهٔ ۱ دیوار' },
    parameters: sendParameters,
    bodies: ['TextToTriple', 'TextToConversation', 'MediaToConversation'],
  },
  {
    ...platformSend,
    more: platformMore,
    id: 'sendMessageV2',
    path: '/v2/open-platform/conversations/{conversation_id}/messages',
    summary: { en: 'The same, under the platform’s path of v2', fa: 'همان، با مسیر نسخهٔ ۲ دیوار' },
    parameters: ['conversation_id', ...sendParameters],
    bodies: ['TextToPath', 'MediaToPath'],
  },
]

const stored = [...ANY_REQUEST, ...ANY_STORED, ...ANY_CALLER] as const

export const storedMessages: readonly Operation[] = [
  {
    id: 'listMessages',
    method: 'get',
    path: '/messages',
    asker: 'service',
    section: 'stored',
    summary: { en: 'Your stored messages, newest first', fa: 'پیام‌های ذخیره‌شدهٔ شما، تازه‌ترین اول' },
    parameters: ['x-request-id'],
    query: messageFilter,
    answers: { 200: { schema: 'Messages', text: { en: 'A page of them.', fa: 'یک صفحه از آن‌ها.' } } },
    codes: stored,
  },
  {
    id: 'showMessage',
    method: 'get',
    path: '/messages/{id}',
    asker: 'service',
    section: 'stored',
    summary: { en: 'Where a stored message stands', fa: 'یک پیام ذخیره‌شده در چه حالی است' },
    parameters: ['message_id', 'x-request-id'],
    answers: {
      200: { schema: 'Message', text: { en: 'Its state and every attempt.', fa: 'حالت آن و همهٔ تلاش‌ها.' } },
    },
    codes: [...stored, 'not_found'],
  },
  {
    id: 'retryMessage',
    method: 'post',
    path: '/messages/{id}/retry',
    asker: 'service',
    section: 'stored',
    summary: { en: 'Queue a message again that ended', fa: 'دوباره در صف گذاشتن پیامی که تمام شده' },
    more: {
      en: 'Or try at once one that waits for its next attempt. It acts, or a 409 says why not.',
      fa: 'یا همین حالا فرستادن پیامی که منتظر تلاش بعدی است. یا عمل می‌کند یا ۴۰۹ می‌گوید چرا نه.',
    },
    parameters: ['message_id', 'x-request-id'],
    answers: {
      202: { schema: 'Queued', text: { en: 'It is queued.', fa: 'در صف است.' }, headers: ['Location'] },
    },
    codes: [...stored, 'not_found', 'wrong_state', 'content_wiped', 'store_outcome_unknown'],
  },
  {
    id: 'cancelMessage',
    method: 'post',
    path: '/messages/{id}/cancel',
    asker: 'service',
    section: 'stored',
    summary: { en: 'End a queued message', fa: 'لغو پیامی که در صف است' },
    parameters: ['message_id', 'x-request-id'],
    answers: {
      200: {
        schema: 'Cancelled',
        text: {
          en: 'It is cancelled and wiped; `unknown` when an earlier attempt may have delivered it.',
          fa: 'لغو و پاک شد؛ اگر تلاش پیشین شاید آن را رسانده باشد، `unknown`.',
        },
      },
    },
    codes: [...stored, 'not_found', 'wrong_state', 'store_outcome_unknown'],
  },
]
