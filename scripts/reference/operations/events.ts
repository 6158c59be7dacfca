import { ANY_BODY, type Operation } from '../operation.ts'

export const events: Operation = {
  id: 'takeEvent',
  method: 'post',
  path: '/divar/events',
  asker: 'divar',
  refusal: 'DivarRefusal',
  section: 'events',
  summary: {
    en: 'Take an event',
    fa: 'گرفتن یک رویداد',
  },
  more: {
    en: 'The event is stored before the answer, and passed on to `EVENTS_URL` afterwards. An event that was stored within the last 24 h is answered with 200 and not passed on again. Errors have the fields `status` and `message`.',
    fa: 'رویداد پیش از پاسخ ذخیره می‌شود و بعد به `EVENTS_URL` تحویل داده می‌شود. رویدادی که در ۲۴ ساعت گذشته ذخیره شده پاسخ 200 می‌گیرد و دوباره تحویل داده نمی‌شود. خطا فیلدهای `status` و `message` را دارد.',
  },
  parameters: ['x-request-id', 'traceparent'],
  bodies: ['DivarEvent'],
  answers: { 200: { schema: 'EventTaken', text: { en: 'The event was taken.', fa: 'رویداد گرفته شد.' } } },
  codes: [
    ...ANY_BODY,
    'invalid_event',
    'identification_refused',
    'too_many_wrong_keys',
    'store_required',
    'events_unavailable',
    'events_queue_full',
    'store_unavailable',
  ],
}
