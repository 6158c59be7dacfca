import type { Text } from '../../ui/language.ts'

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
  nothingToDo: {
    fa: 'این پیام پایان یافته است؛ کاری لازم نیست.',
    en: 'This message has ended; there is nothing to do.',
  },
  textGone: {
    fa: 'متن پیام پاک شده است، پس دوباره فرستاده نمی‌شود. سرویس شما باید پیام تازه‌ای بفرستد.',
    en: 'The text is wiped, so it cannot be sent again. Your service has to send a new message.',
  },
  keep: { fa: 'نه، بماند', en: 'No, keep it' },
  leave: { fa: 'نه', en: 'No' },
  retried: { fa: 'دوباره در صف است', en: 'Queued again' },
  cancelled: { fa: 'لغو شد', en: 'Cancelled' },
  notKept: { fa: 'دیگر نگه داشته نمی‌شود', en: 'it is not kept any longer' },
  wrongState: { fa: 'وضعیت آن در این میان عوض شده است', en: 'its state has changed meanwhile' },

  needsAllWires: {
    fa: 'برای تلاش دوباره یا لغو همه، «v1، v2 و ربات» را انتخاب کنید.',
    en: 'To retry or cancel all, choose “v1, v2 and bot”.',
  },
  retryAll: { fa: 'تلاش دوباره برای همه…', en: 'Retry all…' },
  retryAllFailed: { fa: 'تلاش دوباره برای همهٔ ناموفق‌ها…', en: 'Retry all failed…' },
  cancelAll: { fa: 'لغو همهٔ در صف‌ها…', en: 'Cancel all queued…' },
  counting: { fa: 'در حال شمردن…', en: 'Counting…' },
  whichRetry: {
    fa: 'پیام‌هایی که «{states}» شده‌اند — {caller}، {age}',
    en: 'Messages that ended as {states} — {caller}, {age}',
  },
  whichCancel: { fa: 'پیام‌های در صف — {caller}، {age}', en: 'Queued messages — {caller}, {age}' },
  willRetry: {
    fa: '{count} پیام به ترتیب پذیرش دوباره در صف می‌رود. ترتیب هر گفت‌وگو می‌ماند و هیچ‌کدام دو بار در صف نمی‌رود.',
    en: '{count} messages are queued again in the order in which they were accepted. Each conversation keeps its order, and none is queued twice.',
  },
  willCancel: {
    fa: '{count} پیام فرستاده نمی‌شود و متن آن‌ها همین حالا پاک می‌شود. این کار برگشت ندارد.',
    en: '{count} messages are not sent, and their texts are wiped at once. This cannot be undone.',
  },
  mayRepeat: {
    fa: 'پیام‌های «نامشخص» شاید تحویل شده باشند و دو بار به گفت‌وگو برسند.',
    en: 'Messages that ended as unknown may have been delivered, and may come twice.',
  },
  wiped: {
    fa: '{count} پیام دیگر متن ندارد و نمی‌تواند دوباره فرستاده شود.',
    en: '{count} more have no text any longer and cannot be sent again.',
  },
  noneMatch: { fa: 'هیچ پیامی با این فیلتر نیست.', en: 'No message matches this filter.' },
  start: { fa: 'شروع', en: 'Start' },
  goOn: { fa: 'ادامه', en: 'Continue' },
  stop: { fa: 'ایست', en: 'Stop' },
  close: { fa: 'بستن', en: 'Close' },
  progress: { fa: '{done} از {total}', en: '{done} of {total}' },
  finished: { fa: 'انجام شد', en: 'Done' },
  stopped: { fa: 'متوقف شد', en: 'Stopped' },
  failed: {
    fa: 'نیمه‌تمام ماند: {why}. می‌توانید از همان‌جا ادامه دهید.',
    en: 'Not finished: {why}. You can continue where it stopped.',
  },
  copySummary: { fa: 'کپی خلاصه', en: 'Copy the summary' },
  summary: {
    fa: '{act}: {changed} انجام شد، {wrong} وضعیتش عوض شده بود، {wiped} متن نداشت، {left} ماند. تا {until}',
    en: '{act}: {changed} changed, {wrong} had changed state, {wiped} without text, {left} left. Until {until}',
  },
} as const satisfies Record<string, Text>
