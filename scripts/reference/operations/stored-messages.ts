import { messageFilter } from '../../../src/messages/message-filter.ts'
import { ANY_BODY, ANY_CALLER, ANY_REQUEST, ANY_STORED, type Operation } from '../operation.ts'

const stored = [...ANY_REQUEST, ...ANY_STORED, ...ANY_CALLER] as const

export const storedMessages: readonly Operation[] = [
  {
    id: 'listMessages',
    method: 'get',
    path: '/messages',
    asker: 'service',
    section: 'stored',
    permissions: ['send', 'operate'],
    summary: { en: 'List stored messages', fa: 'فهرست پیام‌های ذخیره‌شده' },
    more: {
      en: 'Your messages; with the permission `operate` those of all callers, or of the `caller` that you name. `since` and `until` are times of acceptance, both included. Events are listed with `wire=event`, which needs `operate`. With a time, a page may have fewer messages than `limit`, even none, although `next_cursor` is not null: ask until it is.',
      fa: 'پیام‌های شما؛ با مجوز `operate` پیام‌های همهٔ سرویس‌ها، یا سرویسی که در `caller` نام می‌برید. `since` و `until` زمان پذیرش‌اند و خودشان هم حساب می‌شوند. رویدادها با `wire=event` می‌آیند، که به `operate` نیاز دارد. با زمان، یک صفحه شاید کمتر از `limit` پیام داشته باشد، حتی هیچ، در حالی که `next_cursor` هنوز null نیست: تا null شدن آن ادامه دهید.',
    },
    parameters: ['x-request-id'],
    query: messageFilter,
    answers: {
      200: {
        schema: 'Messages',
        text: { en: 'A page of messages, newest first.', fa: 'یک صفحه از پیام‌ها، تازه‌ترین اول.' },
      },
    },
    codes: [...stored, 'not_allowed'],
  },
  {
    id: 'retryMessages',
    method: 'post',
    path: '/messages/retry',
    asker: 'service',
    section: 'stored',
    permissions: ['send', 'operate'],
    summary: { en: 'Retry many messages', fa: 'تلاش دوباره برای پیام‌های بسیار' },
    more: {
      en: 'Queues messages that ended undelivered, at most `limit`, in order of acceptance. Without `state` those that are `failed` or `rejected`: `unknown` ones only when named. `since` and `until` are times of their end, both included; `until` is now by default. While `left` is not 0, send the same filter with the `until` of the answer: messages that have failed again since are then left alone, also after a restart. `skipped.wiped` counts those whose content is gone. With `operate` and without `caller` messages of all callers; `"caller": "@events"` for events. Synchronous sends are left out, because their caller has the answer. `left` and `wiped` are counted to 10000.',
      fa: 'پیام‌هایی را که تحویل‌نشده پایان یافته‌اند، دست بالا `limit` تا و به ترتیب پذیرش، دوباره در صف می‌گذارد. بدون `state` آن‌ها که `failed` یا `rejected` هستند؛ `unknown` فقط اگر نام برده شود. `since` و `until` زمان پایان‌اند و خودشان هم حساب می‌شوند؛ پیش‌فرض `until` همین حالاست. تا وقتی `left` صفر نیست، همین فیلتر را با `until` پاسخ دوباره بفرستید: پیام‌هایی که در این میان باز ناموفق شده‌اند کنار می‌مانند، پس از راه‌اندازی دوباره هم. `skipped.wiped` آن‌هایی را می‌شمارد که محتوایشان پاک شده. با `operate` و بدون `caller` پیام‌های همهٔ سرویس‌ها؛ برای رویدادها `"caller": "@events"`. ارسال‌های همگام کنار می‌مانند، چون فرستنده پاسخ را گرفته است. `left` و `wiped` تا ۱۰۰۰۰ شمرده می‌شوند.',
    },
    parameters: ['x-request-id'],
    bodies: ['RetryFilter'],
    answers: {
      200: {
        schema: 'BulkDone',
        text: { en: 'What was done, and what is left.', fa: 'آنچه انجام شد و آنچه مانده است.' },
      },
    },
    codes: [...ANY_BODY, ...ANY_STORED, ...ANY_CALLER, 'invalid_filter', 'not_allowed', 'store_outcome_unknown'],
  },
  {
    id: 'cancelMessages',
    method: 'post',
    path: '/messages/cancel',
    asker: 'service',
    section: 'stored',
    permissions: ['send', 'operate'],
    summary: { en: 'Cancel many queued messages', fa: 'لغو پیام‌های بسیاری که در صف‌اند' },
    more: {
      en: 'As `POST /messages/retry`, for queued messages. `since` and `until` are times of acceptance.',
      fa: 'مانند `POST /messages/retry`، برای پیام‌هایی که در صف‌اند. `since` و `until` زمان پذیرش‌اند.',
    },
    parameters: ['x-request-id'],
    bodies: ['CancelFilter'],
    answers: {
      200: {
        schema: 'BulkDone',
        text: { en: 'What was done, and what is left.', fa: 'آنچه انجام شد و آنچه مانده است.' },
      },
    },
    codes: [...ANY_BODY, ...ANY_STORED, ...ANY_CALLER, 'invalid_filter', 'not_allowed', 'store_outcome_unknown'],
  },
  {
    id: 'showAttention',
    method: 'get',
    path: '/attention',
    asker: 'service',
    section: 'stored',
    permissions: ['operate'],
    summary: { en: 'What needs attention now', fa: 'آنچه همین حالا رسیدگی می‌خواهد' },
    more: {
      en: 'Every code is always present: `store`, `clock`, `messages_failed`, `messages_unknown`, `messages_expired`, `messages_waiting`, `breakers`, `rate_limit_pause`, `pacing`, `grants_unreadable`, `rows_set_aside`, `notices_failing`, `events_failing`, `subscriptions_failed`, `subscriptions_waiting`, `log_lines_lost`, `timeline_notes_dropped`, `backup`. A value that cannot be read is null. Counts of messages are of those that ended in the last 24 h, to 10000. `last_24_hours` is of the process that answers, by the rule of Divar: an error counts as 5000 ms.',
      fa: 'همهٔ کدها همیشه هستند: `store`، `clock`، `messages_failed`، `messages_unknown`، `messages_expired`، `messages_waiting`، `breakers`، `rate_limit_pause`، `pacing`، `grants_unreadable`، `rows_set_aside`، `notices_failing`، `events_failing`، `subscriptions_failed`، `subscriptions_waiting`، `log_lines_lost`، `timeline_notes_dropped`، `backup`. مقداری که خوانده نشود null است. شمار پیام‌ها برای آن‌هاست که در ۲۴ ساعت گذشته پایان یافته‌اند، تا ۱۰۰۰۰. `last_24_hours` برای همان پردازه‌ای است که پاسخ می‌دهد، با قاعدهٔ دیوار: هر خطا ۵۰۰۰ میلی‌ثانیه حساب می‌شود.',
    },
    parameters: ['x-request-id'],
    answers: {
      200: { schema: 'Attention', text: { en: 'Every code with its level.', fa: 'همهٔ کدها با سطحشان.' } },
    },
    codes: [...ANY_REQUEST, ...ANY_CALLER, 'store_required', 'not_allowed'],
  },
  {
    id: 'showTimeline',
    method: 'post',
    path: '/timeline',
    asker: 'service',
    section: 'stored',
    permissions: ['operate'],
    summary: { en: 'What happened in a conversation', fa: 'آنچه در یک گفت‌وگو گذشته' },
    more: {
      en: 'Newest first: clicks, consents, sends, attempts, events and notices, each with its time, duration and result. No texts, tokens or ids of people. Notes are kept for `TIMELINE_DAYS`.',
      fa: 'تازه‌ترین اول: کلیک‌ها، اجازه‌ها، ارسال‌ها، تلاش‌ها، رویدادها و اعلان‌ها، هر کدام با زمان و مدت و نتیجه. بدون متن، token و شناسهٔ اشخاص. یادداشت‌ها تا `TIMELINE_DAYS` می‌مانند.',
    },
    parameters: ['x-request-id'],
    bodies: ['TimelineBody'],
    answers: {
      200: { schema: 'Timeline', text: { en: 'A page of entries.', fa: 'یک صفحه.' } },
    },
    codes: [...ANY_BODY, ...ANY_STORED, ...ANY_CALLER, 'invalid_filter', 'not_allowed'],
  },
  {
    id: 'showMessage',
    method: 'get',
    path: '/messages/{id}',
    asker: 'service',
    section: 'stored',
    permissions: ['send', 'operate'],
    summary: { en: 'Get the state of a message', fa: 'گرفتن وضعیت یک پیام' },
    more: {
      en: 'With the permission `operate` this route, retry and cancel also act on messages of other callers. A delivered bot message has the `conversation_id` that Divar named. Available for `RETENTION_DAYS` after its final state, longer while the clock of the database is not trusted. A `next_attempt_at` that was written while the clock was ahead counts as due once the clock is right.',
      fa: 'با مجوز `operate` این مسیر و تلاش دوباره و لغو، برای پیام‌های سرویس‌های دیگر هم کار می‌کنند. پیام ربات که تحویل شده، `conversation_id` دیوار را دارد. تا `RETENTION_DAYS` پس از وضعیت نهایی در دسترس است، و تا وقتی ساعت پایگاه داده قابل اعتماد نباشد بیشتر. `next_attempt_at` که با ساعت جلوتر نوشته شده، پس از درست شدن ساعت سررسیدشده حساب می‌شود.',
    },
    parameters: ['message_id', 'x-request-id'],
    answers: {
      200: { schema: 'Message', text: { en: 'The state and every attempt.', fa: 'وضعیت و همهٔ تلاش‌ها.' } },
    },
    codes: [...stored, 'not_found'],
  },
  {
    id: 'retryMessage',
    method: 'post',
    path: '/messages/{id}/retry',
    asker: 'service',
    section: 'stored',
    permissions: ['send', 'operate'],
    summary: { en: 'Retry a message', fa: 'تلاش دوباره برای یک پیام' },
    more: {
      en: 'Queues a message that ended, or makes a waiting one due now. A 409 says why it cannot.',
      fa: 'پیامی را که پایان یافته دوباره در صف می‌گذارد، یا پیامی را که منتظر است همین حالا می‌فرستد. اگر نشود، ۴۰۹ دلیل را می‌گوید.',
    },
    parameters: ['message_id', 'x-request-id'],
    answers: {
      202: { schema: 'Queued', text: { en: 'The message is queued.', fa: 'پیام در صف است.' }, headers: ['Location'] },
    },
    codes: [...stored, 'not_found', 'wrong_state', 'content_wiped', 'store_outcome_unknown'],
  },
  {
    id: 'cancelMessage',
    method: 'post',
    path: '/messages/{id}/cancel',
    asker: 'service',
    section: 'stored',
    permissions: ['send', 'operate'],
    summary: { en: 'Cancel a queued message', fa: 'لغو پیامی که در صف است' },
    parameters: ['message_id', 'x-request-id'],
    answers: {
      200: {
        schema: 'Cancelled',
        text: {
          en: 'The message is cancelled and its content deleted. `unknown` when an earlier attempt may have delivered it.',
          fa: 'پیام لغو و محتوایش پاک شد. اگر تلاش پیشین شاید آن را تحویل داده باشد، `unknown`.',
        },
      },
    },
    codes: [...stored, 'not_found', 'wrong_state', 'store_outcome_unknown'],
  },
]
