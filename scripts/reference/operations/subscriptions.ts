import { subscriptionFilter } from '../../../src/subscriptions/subscription-routes.ts'
import { ANY_BODY, ANY_CALLER, ANY_REQUEST, ANY_STORED, type Operation } from '../operation.ts'

const kept = [...ANY_STORED, ...ANY_CALLER, 'consent_unavailable'] as const
const route = { asker: 'service', section: 'events', permissions: ['platform'] } as const

export const subscriptions: readonly Operation[] = [
  {
    ...route,
    id: 'keepSubscription',
    method: 'put',
    path: '/subscriptions',
    summary: { en: 'Subscribe to events of a user', fa: 'اشتراک در رویدادهای یک کاربر' },
    more: {
      en: 'The gateway registers it at Divar with the grant of this user, and again after each refresh of its token. The same body twice is one subscription; a failed one is tried again. While no grant covers it, it waits, with a `consent_url` for the user. A new one becomes `active` a moment later.',
      fa: 'دروازه اشتراک را با اجازهٔ ثبت‌شدهٔ همین کاربر نزد دیوار ثبت می‌کند و پس از هر تازه شدن token دوباره. دو بار همان بدنه یک اشتراک است و اشتراک ناموفق دوباره امتحان می‌شود. تا اجازه‌ای آن را پوشش ندهد منتظر می‌ماند و `consent_url` برای کاربر دارد. اشتراک تازه لحظه‌ای بعد `active` می‌شود.',
    },
    parameters: ['x-request-id'],
    bodies: ['SubscriptionBody'],
    answers: { 200: { schema: 'Subscription', text: { en: 'The subscription.', fa: 'اشتراک.' } } },
    codes: [...ANY_BODY, ...kept, 'invalid_subscription', 'too_many_subscriptions'],
  },
  {
    ...route,
    id: 'listSubscriptions',
    method: 'get',
    path: '/subscriptions',
    summary: { en: 'List your subscriptions', fa: 'فهرست اشتراک‌های شما' },
    parameters: ['x-request-id'],
    query: subscriptionFilter,
    answers: {
      200: { schema: 'Subscriptions', text: { en: 'Newest first.', fa: 'تازه‌ترین اول.' } },
    },
    codes: [...ANY_REQUEST, ...kept],
  },
  {
    ...route,
    id: 'endSubscription',
    method: 'delete',
    path: '/subscriptions/{id}',
    summary: { en: 'End a subscription', fa: 'پایان یک اشتراک' },
    more: {
      en: 'Divar has no call for this: events may still come until the access token ends that it was registered with.',
      fa: 'دیوار فراخوانی‌ای برای این کار ندارد: تا پایان access tokenی که اشتراک با آن ثبت شده ممکن است هنوز رویداد بیاید.',
    },
    parameters: ['subscription_id', 'x-request-id'],
    answers: { 200: { schema: 'SubscriptionEnded', text: { en: 'Ended.', fa: 'پایان یافت.' } } },
    codes: [...ANY_REQUEST, ...kept, 'not_found'],
  },
  {
    ...route,
    id: 'subscribeAsAtDivar',
    method: 'post',
    path: '/v1/open-platform/events/subscriptions',
    summary: { en: 'Subscribe under Divar’s own path', fa: 'اشتراک با مسیر خود دیوار' },
    more: {
      en: 'For SDKs. With the token of a user it is registered with this token, once, and ends with it. With `x-divar-user-id` instead it is kept as by `PUT /subscriptions`; without a grant the answer is 403 `consent_required`, and the subscription waits.',
      fa: 'برای SDKها. با token کاربر، یک بار با همان token ثبت می‌شود و با آن پایان می‌یابد. اگر به جای آن `x-divar-user-id` بیاید، مثل `PUT /subscriptions` نگه داشته می‌شود؛ بدون اجازه، پاسخ 403 با کد `consent_required` است و اشتراک منتظر می‌ماند.',
    },
    isPlatforms: true,
    parameters: ['x-access-token', 'x-divar-user-id', 'x-request-id'],
    bodies: ['PlatformSubscriptionBody'],
    answers: { 200: { schema: 'EventTaken', text: { en: 'Registered or kept.', fa: 'ثبت یا نگه داشته شد.' } } },
    codes: [
      ...ANY_BODY,
      ...kept,
      'invalid_subscription',
      'too_many_subscriptions',
      'user_required',
      'consent_required',
      'token_refused',
      'not_permitted',
      'rejected',
      'rate_limited',
      'not_sent',
      'platform_error',
    ],
  },
]
