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
    summary: { en: 'A link that asks a user for consent', fa: 'پیوندی برای گرفتن اجازه از کاربر' },
    more: {
      en: 'It opens once, within ten minutes. `scopes` are words (`chat`, `post_chats`, `seller_chats`, `phone`, `user_id`, `offline`) or scopes as Divar writes them.',
      fa: 'یک بار و تا ده دقیقه باز می‌شود. `scopes` یا واژه است (`chat`، `post_chats`، `seller_chats`، `phone`، `user_id`، `offline`) یا همان‌طور که دیوار می‌نویسد.',
    },
    parameters: ['x-request-id'],
    bodies: ['ConsentBody'],
    answers: { 201: { schema: 'Consent', text: { en: 'The link.', fa: 'پیوند.' } } },
    codes: [...ANY_BODY, ...needsConsent, 'invalid_consent', 'too_many_consents'],
  },
  {
    id: 'listGrants',
    method: 'get',
    path: '/grants',
    asker: 'service',
    section: 'consent',
    summary: { en: 'What a user has consented to', fa: 'کاربر چه اجازه‌هایی داده است' },
    parameters: ['x-request-id'],
    query: grantFilter,
    answers: {
      200: {
        schema: 'Grants',
        text: {
          en: 'Scopes and times, newest first; never tokens.',
          fa: 'دامنه‌ها و زمان‌ها، تازه‌ترین اول؛ هرگز توکن نه.',
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
    summary: { en: 'Forget a grant at once', fa: 'فراموش کردن یک اجازه، همین حالا' },
    parameters: ['grant_id', 'x-request-id'],
    answers: { 204: { text: { en: 'It is gone.', fa: 'دیگر نیست.' } } },
    codes: [...ANY_REQUEST, ...needsConsent, 'not_found'],
  },
  {
    id: 'showUser',
    method: 'get',
    path: '/users/{user_id}',
    asker: 'service',
    section: 'consent',
    summary: { en: 'Who a user is, by Divar’s word', fa: 'کاربر کیست، به گفتهٔ دیوار' },
    more: {
      en: 'By a grant that holds `phone` or `user_id`. Nothing of it is stored.',
      fa: 'با اجازه‌ای که `phone` یا `user_id` دارد. چیزی از آن ذخیره نمی‌شود.',
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
    summary: { en: 'Who came: the click behind a click_id', fa: 'چه کسی آمد: کلیک پشت یک click_id' },
    more: {
      en: 'For 15 minutes, to any caller, any number of times.',
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
    summary: { en: 'Opens a consent link in a user’s browser', fa: 'باز شدن پیوند اجازه در مرورگر کاربر' },
    parameters: ['consent_id'],
    answers: {
      303: { text: { en: 'To Divar’s page.', fa: 'به صفحهٔ دیوار.' }, headers: ['Location'] },
      400: page('The id is not well encoded.', 'شناسه درست نوشته نشده است.'),
      410: page('It was used, is too old, or was never made.', 'استفاده شده، کهنه شده یا هرگز نبوده است.'),
      501: page('Consent is not set up.', 'گرفتن اجازه تنظیم نشده است.'),
      503: page('The store is away.', 'ذخیره‌گاه در دسترس نیست.'),
    },
    codes: [],
  },
  {
    id: 'finishConsent',
    method: 'get',
    path: '/oauth/callback',
    asker: 'browser',
    section: 'consent',
    summary: { en: 'Where Divar sends the user back to', fa: 'جایی که دیوار کاربر را برمی‌گرداند' },
    parameters: ['code', 'state'],
    answers: {
      303: {
        text: { en: 'To the landing, or to `onDenied`.', fa: 'به مقصد، یا به `onDenied`.' },
        headers: ['Location'],
      },
      403: page('Not agreed, another browser or user, or not allowed.', 'نپذیرفته، مرورگر یا کاربر دیگر، یا غیرمجاز.'),
      410: page('The walk is over, or never began.', 'این مسیر تمام شده یا هرگز شروع نشده است.'),
      501: page('Consent is not set up.', 'گرفتن اجازه تنظیم نشده است.'),
      502: page('Divar did not answer.', 'دیوار پاسخ نداد.'),
      503: page('The store is away.', 'ذخیره‌گاه در دسترس نیست.'),
    },
    codes: [],
  },
]

function page(en: string, fa: string) {
  return { type: 'text/html', text: { en, fa } } as const
}
