import { ANY_BODY, ANY_CALLER, ANY_REQUEST, type Operation } from '../operation.ts'

export const session: Operation = {
  id: 'initializeSession',
  method: 'post',
  path: '/divar/session',
  asker: 'divar',
  section: 'clicks',
  summary: {
    en: 'Divar tells of a click, and is told where it leads',
    fa: 'دیوار از کلیک خبر می‌دهد و مقصد را می‌گیرد',
  },
  more: {
    en: 'Every answer has the same three keys, refusals too. `Supplier` and `Demand` may be written with a capital. Unknown members are no fault.',
    fa: 'همهٔ پاسخ‌ها همین سه کلید را دارند، حتی ردها. `Supplier` و `Demand` با حرف بزرگ هم می‌آیند. عضو ناشناخته خطا نیست.',
  },
  parameters: ['API-Version', 'x-request-id', 'traceparent'],
  bodies: ['ClickV1', 'ClickV2'],
  answers: { 200: { schema: 'Landing', text: { en: 'Where the user goes.', fa: 'کاربر کجا می‌رود.' } } },
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

export const upkeep: readonly Operation[] = [
  {
    id: 'isAlive',
    method: 'get',
    path: '/healthz',
    asker: 'probe',
    section: 'upkeep',
    summary: { en: 'That it runs', fa: 'اینکه برنامه زنده است' },
    answers: { 200: { schema: 'Alive', text: { en: 'It runs.', fa: 'زنده است.' } } },
    codes: [],
  },
  {
    id: 'isReady',
    method: 'get',
    path: '/readyz',
    asker: 'probe',
    section: 'upkeep',
    summary: { en: 'That it takes work', fa: 'اینکه کار می‌پذیرد' },
    answers: {
      200: {
        schema: 'Ready',
        text: {
          en: 'It does. With a store, `store` says whether it can be written to.',
          fa: 'می‌پذیرد. با ذخیره‌گاه، `store` می‌گوید که نوشتن در آن ممکن است یا نه.',
        },
      },
      503: { schema: 'NotReady', text: { en: 'It is stopping.', fa: 'در حال خاموش شدن است.' } },
    },
    codes: [],
  },
  {
    id: 'readMetrics',
    method: 'get',
    path: '/metrics',
    asker: 'operator',
    section: 'upkeep',
    summary: { en: 'What can be counted, for Prometheus', fa: 'شمارش‌ها، برای Prometheus' },
    answers: { 200: { type: 'text/plain', text: { en: 'In its text form.', fa: 'به قالب متنی آن.' } } },
    codes: [...ANY_REQUEST, ...ANY_CALLER],
  },
  {
    id: 'readOpenapi',
    method: 'get',
    path: '/openapi.json',
    asker: 'operator',
    section: 'upkeep',
    summary: { en: 'This description, in OpenAPI 3.1', fa: 'همین توصیف، به OpenAPI 3.1' },
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
    summary: { en: 'The same for people, and what each code means', fa: 'همین برای آدم‌ها، و معنی هر کد' },
    parameters: ['lang'],
    answers: { 200: { type: 'text/html', text: { en: 'One page.', fa: 'یک صفحه.' } } },
    codes: [...ANY_REQUEST, ...ANY_CALLER],
  },
]
