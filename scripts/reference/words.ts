/** What the page says by itself. */
export const words = {
  en: {
    language: 'English',
    direction: 'ltr',
    title: 'Kenar chat gateway',
    skip: 'Skip to the text',
    contents: 'Contents',
    keys: 'Keys',
    shapes: 'Shapes',
    aboutShapes:
      'A question mark: may be absent. Numbers in brackets: how many characters, or how many at most. Members that are not named here are ignored in what you send, and do not occur in what you get.',
    body: 'Body',
    parameters: 'Takes',
    answers: 'Answers',
    refusals: 'Refuses with',
  },
  fa: {
    language: 'فارسی',
    direction: 'rtl',
    title: 'دروازهٔ چت کنار',
    skip: 'رفتن به متن',
    contents: 'فهرست',
    keys: 'کلیدها',
    shapes: 'شکل‌ها',
    aboutShapes:
      'علامت سؤال یعنی شاید نباشد. عدد داخل پرانتز تعداد نویسه‌هاست، یا حداکثر تعداد. عضوی که اینجا نامی از آن نیست در آنچه می‌فرستید نادیده گرفته می‌شود و در آنچه می‌گیرید نمی‌آید.',
    body: 'بدنه',
    parameters: 'ورودی‌ها',
    answers: 'پاسخ‌ها',
    refusals: 'ردها',
  },
} as const
