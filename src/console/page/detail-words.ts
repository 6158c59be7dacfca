import type { Text } from '../../ui/language.ts'

/** The texts of the details of one message, event or subscription. */
export const DETAIL_WORDS = {
  close: { fa: 'بستن', en: 'Close' },
  pick: { fa: 'یکی از ردیف‌ها را باز کنید تا جزئیاتش اینجا بیاید.', en: 'Open a row to see its details here.' },
  gone: { fa: 'این مورد دیگر نگه داشته نمی‌شود.', en: 'This one is not kept any longer.' },
  copyId: { fa: 'کپی شناسه', en: 'Copy the id' },
  why: { fa: 'چرا', en: 'Why' },
  accepted: { fa: 'پذیرفته', en: 'Accepted' },
  received: { fa: 'رسیده', en: 'Received' },
  created: { fa: 'ساخته', en: 'Created' },
  ended: { fa: 'پایان', en: 'Ended' },
  next: { fa: 'تلاش بعدی', en: 'Next attempt' },
  notBefore: { fa: 'نه پیش از', en: 'Not before' },
  expiresAt: { fa: 'انقضا', en: 'Expires' },
  attempts: { fa: 'تلاش‌ها', en: 'Attempts' },
  noAttempts: { fa: 'هنوز تلاشی نشده است.', en: 'No attempt yet.' },
  chart: { fa: '{count} تلاش در {span}، آخرین: {last}', en: '{count} attempts in {span}, the last: {last}' },
  link: { fa: 'لینک این مورد', en: 'Link to this' },
  waitsForConsent: {
    fa: 'اجازهٔ این کاربر نیست یا پایان یافته است. با اجازهٔ تازه، اشتراک خودبه‌خود ثبت می‌شود.',
    en: "This user's consent is missing or has ended. With a new one it is registered by itself.",
  },
  subscriptionFailed: {
    fa: 'دیوار این اشتراک را نپذیرفت.',
    en: 'Divar did not accept this subscription.',
  },
} as const satisfies Record<string, Text>
