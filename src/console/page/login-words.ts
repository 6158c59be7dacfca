import { believe } from '../../ui/believe.ts'
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
    fa: 'از این آدرس کلیدهای نادرست زیادی آمده است. یک دقیقهٔ دیگر دوباره تلاش کنید.',
    en: 'Too many wrong keys came from this address. Try again in a minute.',
  },
  otherOrigin: {
    fa: 'دروازه این صفحه را از آدرس دیگری می‌شناسد. پروکسی جلوی آن باید هدر Host را همان‌طور که مرورگر فرستاده نگه دارد.',
    en: 'The gateway knows this page by another address. A proxy in front of it must leave the Host header as the browser sent it.',
  },
  unreachable: {
    fa: 'دروازه پاسخ نداد. ببینید که در حال اجراست و INTERNAL_PORT آن از اینجا در دسترس است، سپس دوباره «ورود» را بزنید. کلید در فیلد مانده است.',
    en: 'The gateway did not answer. Check that it is running and that its INTERNAL_PORT can be reached from here, then press Log in again. The key is still in the field.',
  },
  blocked: {
    fa: 'پاسخ 403 از دروازه نبود: پروکسی یا دیواره‌ای میان این مرورگر و دروازه درخواست را نپذیرفت.',
    en: 'The answer 403 was not from the gateway: a proxy or a firewall between this browser and it refused the request.',
  },
  broken: {
    fa: 'دروازه یا پروکسی جلوی آن اکنون نمی‌تواند پاسخ دهد. کمی بعد دوباره «ورود» را بزنید. کلید در فیلد مانده است.',
    en: 'The gateway, or a proxy in front of it, cannot answer now. Press Log in again in a moment. The key is still in the field.',
  },
  busy: { fa: 'در حال ورود…', en: 'Logging in…' },
  slow: {
    fa: 'دروازه دیر پاسخ می‌دهد؛ همچنان منتظر پاسخیم…',
    en: 'The gateway is slow to answer; still waiting…',
  },
} as const satisfies Record<string, Text>

/** What a refusal says of itself; nothing is known of one that is not the gateway's. */
function readRefusal(body: string): { code?: string; permission?: string } {
  try {
    return believe<{ code?: string; permission?: string } | null>(body) ?? {}
  } catch {
    return {}
  }
}

/** What is said when the gateway, or a proxy in front of it, refuses the log-in. */
export function problemOf(status: number, body: string): Text {
  const { code, permission } = readRefusal(body)
  if (code === 'not_allowed') return permission === undefined ? LOGIN_WORDS.otherOrigin : LOGIN_WORDS.notAllowed
  switch (status) {
    case 401:
      return LOGIN_WORDS.refused
    case 403:
      return LOGIN_WORDS.blocked
    case 429:
      return LOGIN_WORDS.tooMany
    default:
      return LOGIN_WORDS.broken
  }
}
