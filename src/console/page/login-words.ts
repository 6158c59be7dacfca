import type { Text } from '../../ui/language.ts'

/** The texts of the log-in page. */
export const LOGIN_WORDS = {
  title: { fa: 'کنسول کنار', en: 'Kenar console' },
  language: { fa: 'زبان', en: 'Language' },
  enter: { fa: 'ورود به کنسول', en: 'Log in to the console' },
  enterHow: {
    fa: 'با کلید سرویسی وارد شوید که اجازهٔ operate دارد: نام آن در CALLER_PERMISSIONS و کلید آن در INTERNAL_API_KEYS است.',
    en: 'Use the key of a caller that has the permission operate: CALLER_PERMISSIONS names it, INTERNAL_API_KEYS has its key.',
  },
  key: { fa: 'کلید', en: 'Key' },
  logIn: { fa: 'ورود', en: 'Log in' },
  ended: {
    fa: 'نشست شما پایان یافته است. دوباره وارد شوید.',
    en: 'Your session has ended. Log in again.',
  },
  refused: { fa: 'این کلید پذیرفته نشد.', en: 'This key was not accepted.' },
  notAllowed: {
    fa: 'این کلید اجازهٔ operate ندارد، پس کنسول را نشان نمی‌دهد.',
    en: 'This key does not have the permission operate, so the console stays closed.',
  },
  tooMany: {
    fa: 'از این نشانی کلیدهای نادرست زیادی آمده است. یک دقیقهٔ دیگر دوباره تلاش کنید.',
    en: 'Too many wrong keys came from this address. Try again in a minute.',
  },
  unreachable: {
    fa: 'پاسخی از دروازه نیامد. دوباره تلاش کنید.',
    en: 'The gateway did not answer. Try again.',
  },
} as const satisfies Record<string, Text>

/** What is said when the gateway answers the log-in with this status. */
export const PROBLEMS: ReadonlyMap<number, Text> = new Map<number, Text>([
  [401, LOGIN_WORDS.refused],
  [403, LOGIN_WORDS.notAllowed],
  [429, LOGIN_WORDS.tooMany],
])
