import type { Text } from '../../ui/language.ts'

/** A text for one, and one for more. */
export type Counted = { one: Text; many: Text }

/** The texts of what a person can do: to one message, and to many. */
export const ACT_WORDS = {
  actions: { fa: 'کارها', en: 'What you can do' },
  retry: { fa: 'تلاش دوباره', en: 'Retry' },
  cancel: { fa: 'لغو', en: 'Cancel' },
  retryWill: {
    fa: 'پیام دوباره در صف می‌رود و پس از پیام‌های در صف همین گفت‌وگو فرستاده می‌شود.',
    en: 'The message is queued again and sent after those of its conversation that are queued.',
  },
  retryNowWill: {
    fa: 'تلاش بعدی همین حالا انجام می‌شود.',
    en: 'The next attempt is made now rather than later.',
  },
  retryRejectedWill: {
    fa: 'همین پیام دوباره فرستاده می‌شود. اگر علت رد شدن برطرف نشده باشد، باز رد می‌شود.',
    en: 'The same message is sent again. It is rejected again unless the reason is gone.',
  },
  retryUnknownWill: {
    fa: 'پیام شاید تحویل شده باشد. تلاش دوباره ممکن است آن را دو بار به گفت‌وگو برساند.',
    en: 'The message may have been delivered. A retry may put it into the chat twice.',
  },
  cancelWill: {
    fa: 'پیام فرستاده نمی‌شود و متن آن همین حالا پاک می‌شود. این کار برگشت ندارد.',
    en: 'The message is not sent, and its text is wiped at once. This cannot be undone.',
  },
  retryEventWill: {
    fa: 'رویداد دوباره در صف می‌رود و پس از رویدادهای در صف همین گفت‌وگو به سرویس شما فرستاده می‌شود.',
    en: 'The event is queued again and sent to your service after those of its conversation that are queued.',
  },
  nothingToDo: { fa: 'تحویل شده است؛ کاری لازم نیست.', en: 'It is delivered; there is nothing to do.' },
  nothingToDoQueued: {
    fa: 'نوبت آن خودبه‌خود می‌رسد؛ کاری لازم نیست.',
    en: 'Its turn comes by itself; there is nothing to do.',
  },
  nothingToDoSending: {
    fa: 'همین حالا در حال ارسال است؛ تا رسیدن پاسخ کاری نمی‌شود کرد.',
    en: 'It is being sent right now; nothing can be done until the answer comes.',
  },
  nothingToDoCancelled: {
    fa: 'لغو شده و متن آن پاک شده است؛ دیگر فرستاده نمی‌شود.',
    en: 'It was cancelled and its text is wiped; it is not sent any more.',
  },
  textGone: {
    fa: 'متن پیام پاک شده است، پس دوباره فرستاده نمی‌شود. سرویس شما باید پیام تازه‌ای بفرستد.',
    en: 'The text is wiped, so it cannot be sent again. Your service has to send a new message.',
  },
  eventGone: {
    fa: 'متن رویداد پاک شده است، پس دوباره فرستاده نمی‌شود.',
    en: 'The text of the event is wiped, so it cannot be sent again.',
  },
  cancelQuestion: { fa: 'این پیام لغو شود؟', en: 'Cancel this message?' },
  cancelYes: { fa: 'لغو پیام', en: 'Cancel the message' },
  retryQuestion: { fa: 'با این حال دوباره فرستاده شود؟', en: 'Retry it all the same?' },
  retryYes: { fa: 'تلاش دوباره', en: 'Retry' },
  keep: { fa: 'نه، بماند', en: 'No, keep it' },
  leave: { fa: 'نه', en: 'No' },
  retried: { fa: 'دوباره در صف است', en: 'Queued again' },
  cancelled: { fa: 'لغو شد', en: 'Cancelled' },

  needsAllWires: {
    fa: 'برای تلاش دوباره یا لغو همه، «v1، v2 و ربات» را انتخاب کنید.',
    en: 'To retry or cancel all, choose “v1, v2 and bot”.',
  },
  retryAll: { fa: 'تلاش دوباره برای همه…', en: 'Retry all…' },
  retryAllFailed: { fa: 'تلاش دوباره برای همهٔ ناموفق‌ها…', en: 'Retry all failed…' },
  cancelAll: { fa: 'لغو همهٔ در صف‌ها…', en: 'Cancel all queued…' },
  counting: { fa: 'در حال شمردن…', en: 'Counting…' },
  which: { fa: '{state} · {caller} · {age}', en: '{state} · {caller} · {age}' },
  retryTitle: { fa: 'تلاش دوباره برای پیام‌ها', en: 'Retry messages' },
  retryEventsTitle: { fa: 'تلاش دوباره برای رویدادها', en: 'Retry events' },
  cancelTitle: { fa: 'لغو پیام‌های در صف', en: 'Cancel queued messages' },
  willRetry: {
    one: {
      fa: 'یک پیام دوباره در صف می‌رود، پس از پیام‌های در صف همان گفت‌وگو.',
      en: 'One message is queued again, after those of its conversation that are queued.',
    },
    many: {
      fa: '{count} پیام به ترتیب پذیرش دوباره در صف می‌رود. ترتیب هر گفت‌وگو می‌ماند و هیچ‌کدام دو بار در صف نمی‌رود.',
      en: '{count} messages are queued again in the order in which they were accepted. Each conversation keeps its order, and none is queued twice.',
    },
  },
  willRetryEvents: {
    one: { fa: 'یک رویداد دوباره به سرویس شما فرستاده می‌شود.', en: 'One event is sent to your service again.' },
    many: {
      fa: '{count} رویداد به ترتیب رسیدن دوباره به سرویس شما فرستاده می‌شود. ترتیب هر گفت‌وگو می‌ماند.',
      en: '{count} events are sent to your service again in the order in which they came. Each conversation keeps its order.',
    },
  },
  willCancel: {
    one: {
      fa: 'یک پیام فرستاده نمی‌شود و متن آن همین حالا پاک می‌شود. این کار برگشت ندارد.',
      en: 'One message is not sent, and its text is wiped at once. This cannot be undone.',
    },
    many: {
      fa: '{count} پیام فرستاده نمی‌شود و متن آن‌ها همین حالا پاک می‌شود. این کار برگشت ندارد.',
      en: '{count} messages are not sent, and their texts are wiped at once. This cannot be undone.',
    },
  },
  mayRepeat: {
    fa: 'پیام‌های «نامشخص» شاید تحویل شده باشند و دو بار به گفت‌وگو برسند.',
    en: 'Messages that ended as unknown may have been delivered, and may come twice.',
  },
  wiped: {
    one: {
      fa: 'یکی دیگر متن ندارد و نمی‌تواند دوباره فرستاده شود.',
      en: 'One more has no text any longer and cannot be sent again.',
    },
    many: {
      fa: '{count} مورد دیگر متن ندارد و نمی‌تواند دوباره فرستاده شود.',
      en: '{count} more have no text any longer and cannot be sent again.',
    },
  },
  noneMatch: { fa: 'هیچ موردی با این فیلتر نیست.', en: 'Nothing matches this filter.' },
  startRetry: {
    one: { fa: 'تلاش دوباره برای یک پیام', en: 'Retry one message' },
    many: { fa: 'تلاش دوباره برای {count} پیام', en: 'Retry {count} messages' },
  },
  startRetryEvents: {
    one: { fa: 'تلاش دوباره برای یک رویداد', en: 'Retry one event' },
    many: { fa: 'تلاش دوباره برای {count} رویداد', en: 'Retry {count} events' },
  },
  startCancel: {
    one: { fa: 'لغو یک پیام', en: 'Cancel one message' },
    many: { fa: 'لغو {count} پیام', en: 'Cancel {count} messages' },
  },
  goOn: { fa: 'ادامه', en: 'Continue' },
  stop: { fa: 'ایست', en: 'Stop' },
  close: { fa: 'بستن', en: 'Close' },
  progress: { fa: '{done} از {total}', en: '{done} of {total}' },
  finished: { fa: 'انجام شد', en: 'Done' },
  stopped: { fa: 'متوقف شد', en: 'Stopped' },
  failed: {
    fa: 'نیمه‌تمام ماند: {why} می‌توانید از همان‌جا ادامه دهید.',
    en: 'Not finished: {why} You can continue where it stopped.',
  },
  didRetry: {
    one: {
      fa: 'یک پیام دوباره در صف رفت. با «همهٔ وضعیت‌ها» در فهرست ببینید چگونه پایان می‌یابد.',
      en: 'One message is queued again. Choose “All states” in the list to see how it ends.',
    },
    many: {
      fa: '{count} پیام دوباره در صف رفت. با «همهٔ وضعیت‌ها» در فهرست ببینید هر کدام چگونه پایان می‌یابد.',
      en: '{count} messages are queued again. Choose “All states” in the list to see how each ends.',
    },
  },
  didRetryEvents: {
    one: {
      fa: 'یک رویداد دوباره در صف رفت. با «همهٔ وضعیت‌ها» در فهرست ببینید چگونه پایان می‌یابد.',
      en: 'One event is queued again. Choose “All states” in the list to see how it ends.',
    },
    many: {
      fa: '{count} رویداد دوباره در صف رفت. با «همهٔ وضعیت‌ها» در فهرست ببینید هر کدام چگونه پایان می‌یابد.',
      en: '{count} events are queued again. Choose “All states” in the list to see how each ends.',
    },
  },
  didCancel: {
    one: { fa: 'یک پیام لغو شد.', en: 'One message is cancelled.' },
    many: { fa: '{count} پیام لغو شد.', en: '{count} messages are cancelled.' },
  },
  changedMeanwhile: {
    one: { fa: 'وضعیت یکی در این میان عوض شده بود.', en: 'The state of one had changed meanwhile.' },
    many: { fa: 'وضعیت {count} مورد در این میان عوض شده بود.', en: 'The state of {count} had changed meanwhile.' },
  },
  left: {
    one: { fa: 'یکی مانده است.', en: 'One is left.' },
    many: { fa: '{count} مورد مانده است.', en: '{count} are left.' },
  },
  othersNotIncluded: {
    fa: 'پیام‌های «رد شد»، «نامشخص» و «منقضی» جزو این‌ها نیستند. برای تلاش دوبارهٔ آن‌ها همان وضعیت را در فهرست انتخاب کنید.',
    en: 'Messages that are rejected, unknown or expired are not among these. Choose that state in the list to retry them.',
  },
  copySummary: { fa: 'کپی خلاصه', en: 'Copy the summary' },
  summary: {
    fa: '{act}: {changed} انجام شد، {wrong} وضعیتش عوض شده بود، {wiped} متن نداشت، {left} ماند. تا {until}',
    en: '{act}: {changed} changed, {wrong} had changed state, {wiped} without text, {left} left. Until {until}',
  },
} as const satisfies Record<string, Text | Counted>
