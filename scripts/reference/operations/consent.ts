import { grantFilter } from '../../../src/consent/grant-routes.ts'
import { ANY_BODY, ANY_CALLER, ANY_REQUEST, ANY_STORED, type Operation } from '../operation.ts'

const needsConsent = [...ANY_STORED, ...ANY_CALLER, 'consent_unavailable'] as const

export const consent: readonly Operation[] = [
  {
    id: 'askForConsent',
    method: 'post',
    path: '/consents',
    asker: 'service',
    section: 'consent',
    permissions: ['consents'],
    summary: { en: 'Create a consent link', fa: 'ساختن لینک اجازه' },
    more: {
      en: 'The link is valid for ten minutes and is used up by the first answer. `scopes` are words (`chat`, `post_chats`, `seller_chats`, `phone`, `user_id`, `offline`) or scopes as Divar writes them.',
      fa: 'لینک ده دقیقه معتبر است و با اولین پاسخ مصرف می‌شود. `scopes` یا از این واژه‌هاست (`chat`، `post_chats`، `seller_chats`، `phone`، `user_id`، `offline`) یا scope به همان شکلی که دیوار می‌نویسد.',
    },
    parameters: ['x-request-id'],
    bodies: ['ConsentBody'],
    answers: { 201: { schema: 'Consent', text: { en: 'The link.', fa: 'لینک.' } } },
    codes: [...ANY_BODY, ...needsConsent, 'invalid_consent', 'too_many_consents'],
  },
  {
    id: 'listGrants',
    method: 'get',
    path: '/grants',
    asker: 'service',
    section: 'consent',
    permissions: ['consents'],
    summary: { en: 'List the grants of a user', fa: 'فهرست اجازه‌های ثبت‌شدهٔ یک کاربر' },
    parameters: ['x-request-id'],
    query: grantFilter,
    answers: {
      200: {
        schema: 'Grants',
        text: {
          en: 'Scopes and times, newest first, without tokens. The two expiry times are computed anew in each answer and may differ by some milliseconds.',
          fa: 'scopeها و زمان‌ها، تازه‌ترین اول؛ بدون token. دو زمان انقضا در هر پاسخ از نو حساب می‌شوند و ممکن است چند میلی‌ثانیه فرق کنند.',
        },
      },
    },
    codes: [...ANY_REQUEST, ...needsConsent],
  },
  {
    id: 'forgetGrant',
    method: 'delete',
    path: '/grants/{id}',
    asker: 'service',
    section: 'consent',
    permissions: ['consents'],
    summary: { en: 'Delete a grant', fa: 'حذف یک اجازهٔ ثبت‌شده' },
    parameters: ['grant_id', 'x-request-id'],
    answers: { 204: { text: { en: 'Deleted.', fa: 'حذف شد.' } } },
    codes: [...ANY_REQUEST, ...needsConsent, 'not_found'],
  },
  {
    id: 'showUser',
    method: 'get',
    path: '/users/{user_id}',
    asker: 'service',
    section: 'consent',
    permissions: ['users'],
    summary: { en: 'Get a user from Divar', fa: 'گرفتن کاربر از دیوار' },
    more: {
      en: 'Needs a grant with `phone` or `user_id`. The answer is not stored.',
      fa: 'به اجازهٔ ثبت‌شده‌ای با `phone` یا `user_id` نیاز دارد. پاسخ ذخیره نمی‌شود.',
    },
    parameters: ['user_id', 'x-request-id'],
    answers: { 200: { schema: 'User', text: { en: 'Id and phone number.', fa: 'شناسه و شمارهٔ تلفن.' } } },
    codes: [
      ...ANY_REQUEST,
      ...needsConsent,
      'consent_required',
      'token_refused',
      'not_permitted',
      'rate_limited',
      'grant_unreadable',
      'platform_error',
    ],
  },
  {
    id: 'showClick',
    method: 'get',
    path: '/clicks/{id}',
    asker: 'service',
    section: 'consent',
    permissions: ['clicks'],
    summary: { en: 'Get a click by its click_id', fa: 'گرفتن کلیک با click_id' },
    more: {
      en: 'Available for 15 minutes, to every caller, any number of times.',
      fa: 'تا ۱۵ دقیقه، برای همهٔ سرویس‌ها و هر چند بار.',
    },
    parameters: ['click_id', 'x-request-id'],
    answers: { 200: { schema: 'Click', text: { en: 'The click.', fa: 'کلیک.' } } },
    codes: [...ANY_REQUEST, ...ANY_STORED, ...ANY_CALLER, 'not_found'],
  },
  {
    id: 'openConsent',
    method: 'get',
    path: '/oauth/start/{id}',
    asker: 'browser',
    section: 'consent',
    summary: { en: 'Open a consent link in the user’s browser', fa: 'باز شدن لینک اجازه در مرورگر کاربر' },
    parameters: ['consent_id'],
    answers: {
      303: { text: { en: 'To Divar’s page.', fa: 'به صفحهٔ دیوار.' }, headers: ['Location'] },
      400: page('The id is malformed.', 'شناسه نادرست است.'),
      410: page('The link was used, has expired, or does not exist.', 'لینک مصرف شده، منقضی شده یا وجود ندارد.'),
      501: page('Consent is not configured.', 'گرفتن اجازه تنظیم نشده است.'),
      503: page('The store is not available.', 'پایگاه داده در دسترس نیست.'),
    },
    codes: [],
  },
  {
    id: 'finishConsent',
    method: 'get',
    path: '/oauth/callback',
    asker: 'browser',
    section: 'consent',
    summary: { en: 'OAuth redirect URI', fa: 'redirect URI برای OAuth' },
    parameters: ['code', 'state'],
    answers: {
      303: {
        text: { en: 'To the landing, or to `onDenied`.', fa: 'به مقصد، یا به `onDenied`.' },
        headers: ['Location'],
      },
      403: page(
        'The user refused, it is another browser or user, or Divar does not allow it.',
        'کاربر نپذیرفت، مرورگر یا کاربر دیگری است، یا دیوار اجازه نمی‌دهد.',
      ),
      410: page('The authorization flow has ended or does not exist.', 'این جریان اجازه پایان یافته یا وجود ندارد.'),
      501: page('Consent is not configured.', 'گرفتن اجازه تنظیم نشده است.'),
      502: page('Divar did not answer.', 'دیوار پاسخ نداد.'),
      503: page('The store is not available.', 'پایگاه داده در دسترس نیست.'),
    },
    codes: [],
  },
]

function page(en: string, fa: string) {
  return { type: 'text/html', text: { en, fa } } as const
}
