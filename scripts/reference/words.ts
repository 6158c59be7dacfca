/** Texts of the page itself. */
export const words = {
  en: {
    language: 'English',
    direction: 'ltr',
    title: 'Kenar chat gateway',
    skip: 'Skip to content',
    contents: 'Contents',
    keys: 'Keys',
    shapes: 'Schemas',
    aboutShapes:
      'A question mark means that the field is optional. Numbers in brackets are lengths, or a maximum count. A field that is not listed is ignored in a request and never present in a response.',
    permission: 'Permission',
    or: ' or ',
    body: 'Request body',
    parameters: 'Parameters',
    answers: 'Responses',
    refusals: 'Errors',
  },
  fa: {
    language: 'فارسی',
    direction: 'rtl',
    title: 'دروازهٔ گفت‌وگوی کنار',
    skip: 'رفتن به محتوا',
    contents: 'فهرست',
    keys: 'کلیدها',
    shapes: 'Schemaها',
    aboutShapes:
      'علامت سؤال یعنی فیلد اختیاری است. عدد داخل پرانتز طول رشته یا حداکثر تعداد است. فیلدی که اینجا نیامده در درخواست نادیده گرفته می‌شود و در پاسخ نمی‌آید.',
    permission: 'مجوز',
    or: ' یا ',
    body: 'بدنهٔ درخواست',
    parameters: 'پارامترها',
    answers: 'پاسخ‌ها',
    refusals: 'خطاها',
  },
} as const
