/** What the gateway says is wrong with a field, in Persian, by its English; `$1` is what the English has in its place. */
const PERSIAN: readonly [RegExp, string][] = [
  [/^expected a text that is not blank$/, 'چیزی بنویسید؛ فاصله به‌تنهایی کافی نیست.'],
  [/^expected a string$/, 'باید متن باشد.'],
  [/^expected a string of 1 to (\d+) characters(?:, or .+)?$/, 'باید ۱ تا \u2066$1\u2069 نویسه باشد.'],
  [/^expected no control characters$/, 'نویسهٔ کنترلی دارد؛ آن را پاک کنید.'],
  [/^expected the name of an icon$/, 'نام آیکون حداکثر ۱۲۸ نویسه است.'],
  [
    /^expected an absolute http\(s\) address of at most (\d+) characters, without blanks and credentials$/,
    'باید آدرس کامل \u2066http(s)\u2069 باشد: حداکثر \u2066$1\u2069 نویسه، بی‌فاصله، بی‌نام کاربری و رمز.',
  ],
  [/^expected integers within .+$/, 'عدد صحیحِ بزرگ‌تر از \u20662^53-1\u2069 را به‌صورت متن (در گیومه) بنویسید.'],
  [/^expected an object$/, 'باید یک شیء JSON باشد.'],
  [
    /^expected a string of at most (\d+) characters, null or nothing$/,
    'باید متنی با حداکثر \u2066$1\u2069 نویسه باشد، یا خالی.',
  ],
  [/^expected text or media_token, not both$/, 'یا متن بنویسید یا media_token، نه هر دو.'],
  [/^expected a time at most (\d+) days ahead$/, 'باید حداکثر تا \u2066$1\u2069 روز دیگر باشد.'],
  [/^expected a time after now and after not_before$/, 'باید بعد از اکنون و بعد از \u2066not_before\u2069 باشد.'],
  [/^expected a time of RFC 3339 .+$/, 'باید زمان کامل باشد: تاریخ و ساعت.'],
  [/^expected none without Prefer: respond-async.+$/, 'فقط پیامی که در صف است زمان ارسال دارد.'],
  [/^expected 1 to (\d) buttons in a row$/, 'هر ردیف ۱ تا \u2066$1\u2069 دکمه دارد.'],
  [/^expected at most (\d) rows$/, 'حداکثر \u2066$1\u2069 ردیف.'],
]

/** Why the gateway refuses a request, in Persian, by the code of the error. */
const REFUSALS: Readonly<Record<string, string>> = {
  invalid_message: 'این پیام اشتباه دارد؛ کنار هر فیلد نوشته شده است.',
  api_key_refused: 'کلید شبیه‌ساز از کلیدهای INTERNAL_API_KEYS این دروازه نیست.',
  not_allowed: 'این کلید مجوز send ندارد.',
  too_many_wrong_keys: 'بارها کلید نادرست فرستاده شد؛ کمی صبر کنید.',
  too_many_sends: 'سقف ارسال این کلید پر شده است؛ کمی صبر کنید.',
  body_too_large: 'پیام بزرگ‌تر از آن است که دروازه می‌پذیرد.',
  consent_required: 'این شخص هنوز اجازه نداده است.',
  token_refused: 'دیوار token این کاربر را نپذیرفت.',
  not_permitted: 'دیوار این کار را اجازه نمی‌دهد.',
  sender_ambiguous: 'بیش از یک نفر اجازه داده است.',
  recipient_restricted: 'گیرنده نمی‌تواند پیام بگیرد.',
  rejected: 'دیوار پیام را رد کرد.',
  rate_limited: 'درخواست‌ها بیش از اندازه‌اند؛ کمی صبر کنید.',
  queue_full: 'صف ارسال پر است.',
  store_required: 'صف ارسال به پایگاه داده نیاز دارد.',
  store_unavailable: 'پایگاه دادهٔ دروازه در دسترس نیست؛ چیزی پذیرفته نشد.',
  platform_error: 'دیوار خطا داد.',
  platform_unavailable: 'دیوار در دسترس نیست؛ چیزی فرستاده نشد.',
  not_sent: 'به دیوار نرسید؛ چیزی فرستاده نشد.',
  unknown: 'معلوم نیست پیام رسیده است یا نه.',
}

/** A mistake in Persian; undefined when there is no translation. */
export function persianMistake(detail: string): string | undefined {
  const [pattern, persian] = PERSIAN.find(([one]) => one.test(detail)) ?? []
  return pattern && persian && detail.replace(pattern, persian)
}

/** The reason of a refusal in Persian; undefined when there is no translation. */
export function persianRefusal(code: string): string | undefined {
  return Object.hasOwn(REFUSALS, code) ? REFUSALS[code] : undefined
}
