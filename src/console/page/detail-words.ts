import type { Text } from '../../ui/language.ts'

/** The texts of the details of one message, event or subscription. */
export const DETAIL_WORDS = {
  close: { fa: 'بستن', en: 'Close' },
  notFound: { fa: 'پیدا نشد', en: 'Not found' },
  gone: {
    fa: 'چیزی با این شناسه نیست، یا دیگر نگه داشته نمی‌شود.',
    en: 'There is nothing with this id, or it is not kept any longer.',
  },
  copyId: { fa: 'کپی شناسه', en: 'Copy id' },
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
  link: { fa: 'کپی لینک', en: 'Copy link' },
  registersAgain: { fa: 'ثبت بعدی', en: 'Registered again' },
  waitsForConsent: {
    fa: 'اجازهٔ این کاربر نیست یا پایان یافته است. consent_url در پاسخ GET /subscriptions لینک اجازه است؛ پس از آن، اشتراک خودبه‌خود ثبت می‌شود.',
    en: "This user's consent is missing or has ended. GET /subscriptions has the link for it, consent_url; after that it is registered by itself.",
  },
  subscriptionFailed: {
    fa: 'دیوار این اشتراک را نپذیرفت:',
    en: 'Divar did not accept this subscription:',
  },
} as const satisfies Record<string, Text>
