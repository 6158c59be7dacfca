import { ANY_BODY, ANY_CALLER, ANY_REQUEST, type Operation } from '../operation.ts'

export const session: Operation = {
  id: 'initializeSession',
  method: 'post',
  path: '/divar/session',
  asker: 'divar',
  section: 'clicks',
  summary: {
    en: 'Get the landing of a click',
    fa: 'گرفتن مقصد یک کلیک',
  },
  more: {
    en: 'Responses and errors have the same three fields. `Supplier` and `Demand` may start with a capital letter. Unknown fields are accepted.',
    fa: 'پاسخ و خطا همین سه فیلد را دارند. `Supplier` و `Demand` با حرف بزرگ هم پذیرفته می‌شوند. فیلد ناشناخته خطا نیست.',
  },
  parameters: ['API-Version', 'x-request-id', 'traceparent'],
  bodies: ['ClickV1', 'ClickV2'],
  answers: { 200: { schema: 'Landing', text: { en: 'The landing.', fa: 'مقصد.' } } },
  refusal: 'SessionRefusal',
  codes: [
    ...ANY_BODY,
    'unknown_version',
    'invalid_click',
    'identification_refused',
    'too_many_wrong_keys',
    'resolver_failed',
    'overloaded',
    'store_unavailable',
  ],
}

export const dynamicAction: Operation = {
  id: 'answerAction',
  method: 'post',
  path: '/divar/action',
  asker: 'divar',
  section: 'clicks',
  summary: {
    en: 'Answer a dynamic action',
    fa: 'پاسخ به یک اکشن پویا',
  },
  more: {
    en: 'A user clicked a button with `get_dynamic_action`. The response opens a URL, begins a click, or shows a text. Unknown fields are accepted.',
    fa: 'کاربر روی دکمه‌ای با `get_dynamic_action` زده است. پاسخ یک آدرس باز می‌کند، یک کلیک آغاز می‌کند یا متنی نشان می‌دهد. فیلد ناشناخته خطا نیست.',
  },
  parameters: ['x-request-id', 'traceparent'],
  bodies: ['ActionBody'],
  answers: { 200: { schema: 'ActionAnswer', text: { en: 'What Divar does.', fa: 'کاری که دیوار می‌کند.' } } },
  refusal: 'DivarRefusal',
  codes: [
    ...ANY_BODY,
    'invalid_action',
    'identification_refused',
    'too_many_wrong_keys',
    'action_failed',
    'action_unavailable',
    'overloaded',
    'store_unavailable',
  ],
}

export const upkeep: readonly Operation[] = [
  {
    id: 'isAlive',
    method: 'get',
    path: '/healthz',
    asker: 'probe',
    section: 'upkeep',
    summary: { en: 'Liveness', fa: 'بررسی liveness' },
    answers: { 200: { schema: 'Alive', text: { en: 'The process runs.', fa: 'برنامه در حال اجراست.' } } },
    codes: [],
  },
  {
    id: 'isReady',
    method: 'get',
    path: '/readyz',
    asker: 'probe',
    section: 'upkeep',
    summary: { en: 'Readiness', fa: 'بررسی readiness' },
    answers: {
      200: {
        schema: 'Ready',
        text: {
          en: 'Requests are accepted. With a store, `store` says whether it can be written to.',
          fa: 'درخواست می‌پذیرد. اگر پایگاه داده تنظیم شده باشد، `store` می‌گوید نوشتن در آن ممکن است یا نه.',
        },
      },
      503: { schema: 'NotReady', text: { en: 'The gateway is stopping.', fa: 'در حال خاموش شدن است.' } },
    },
    codes: [],
  },
  {
    id: 'readMetrics',
    method: 'get',
    path: '/metrics',
    asker: 'operator',
    section: 'upkeep',
    summary: { en: 'Metrics for Prometheus', fa: 'متریک‌ها برای Prometheus' },
    more: {
      en: '`kenar_store_clock_doubted` is 1 while the clock of the database is not trusted; nothing is deleted by age meanwhile.',
      fa: '`kenar_store_clock_doubted` وقتی ساعت پایگاه داده قابل اعتماد نیست 1 است؛ در این مدت چیزی به دلیل قدیمی بودن حذف نمی‌شود.',
    },
    answers: { 200: { type: 'text/plain', text: { en: 'The Prometheus text format.', fa: 'قالب متنی Prometheus.' } } },
    codes: [...ANY_REQUEST, ...ANY_CALLER],
  },
  {
    id: 'readOpenapi',
    method: 'get',
    path: '/openapi.json',
    asker: 'operator',
    section: 'upkeep',
    summary: { en: 'OpenAPI 3.1 document', fa: 'سند OpenAPI 3.1' },
    parameters: ['lang'],
    answers: { 200: { type: 'application/json', text: { en: 'The document.', fa: 'سند.' } } },
    codes: [...ANY_REQUEST, ...ANY_CALLER],
  },
  {
    id: 'readDocs',
    method: 'get',
    path: '/docs',
    asker: 'operator',
    section: 'upkeep',
    summary: { en: 'This page', fa: 'همین صفحه' },
    parameters: ['lang'],
    answers: { 200: { type: 'text/html', text: { en: 'An HTML page.', fa: 'یک صفحهٔ HTML.' } } },
    codes: [...ANY_REQUEST, ...ANY_CALLER],
  },
]
