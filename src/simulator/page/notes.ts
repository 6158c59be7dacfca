import { make } from '../../ui/dom.ts'
import { currentLanguage } from '../../ui/language.ts'

/** The simulator's notes in Persian, by their English; `$1` is what the English has in its place. Notes that are not here stay English. */
const PERSIAN: readonly [RegExp, string][] = [
  [/^Divar would have refused this: (.+)$/, 'دیوار این را رد می‌کرد: $1'],
  [/^The user is asked\.$/, 'از کاربر پرسیده شد.'],
  [/^The user allowed\.$/, 'کاربر اجازه داد.'],
  [/^The user denied\.$/, 'کاربر اجازه نداد.'],
  [/^The user revoked the access of the app\.$/, 'کاربر اجازهٔ اپ را پس گرفت.'],
  [
    /^Divar sends no event about it: the user had not granted (.+)\.$/,
    'دیوار رویدادی برای آن نمی‌فرستد: کاربر این‌ها را نداده بود: $1.',
  ],
  [
    /^Any redirect_uri is taken here; Divar takes registered ones alone\.$/,
    'اینجا هر redirect_uri پذیرفته می‌شود؛ دیوار فقط ثبت‌شده‌ها را می‌پذیرد.',
  ],
  [/^No scope of the token covers this (?:chat|subscription)\.$/, 'هیچ scopeای از این token اینجا را پوشش نمی‌دهد.'],
  [/^Divar has no such route\.$/, 'دیوار چنین مسیری ندارد.'],
  [/^The API key is not the one of the app\.$/, 'کلید API مال این اپ نیست.'],
  [/^The access token has expired\.$/, 'access token منقضی شده است.'],
  [/^The access token is unknown or expired\.$/, 'access token ناشناخته یا منقضی است.'],
  [/^This access token was not given out here\.$/, 'این access token اینجا صادر نشده است.'],
  [/^There is no access token\.$/, 'access token ندارد.'],
  [/^The answer is an example\.$/, 'این پاسخ نمونه است.'],
  [/^The body is no JSON object\.$/, 'بدنه شیء JSON نیست.'],
  [/^The body is not UTF-8\.$/, 'بدنه UTF-8 نیست.'],
  [/^The content type is not JSON\.$/, 'content-type بدنه JSON نیست.'],
  [/^The other side has blocked this one\.$/, 'طرف مقابل این شخص را مسدود کرده است.'],
  [
    /^The token is of another user than user_id, in whose name the message would be sent\.$/,
    'token مال user_id نیست، یعنی کسی که پیام به نام او فرستاده می‌شود.',
  ],
  [/^There is no post of this token\.$/, 'آگهی‌ای با این token نیست.'],
  [/^peer_id is not the other side of the chat\.$/, 'peer_id طرف دیگر گفت‌وگو نیست.'],
  [/^There is no conversation of this id\.$/, 'گفت‌وگویی با این شناسه نیست.'],
  [/^The bot has no conversation of this id\.$/, 'ربات گفت‌وگویی با این شناسه ندارد.'],
  [/^The code was never given out, or is too old\.$/, 'این کد صادر نشده یا قدیمی است.'],
  [/^The code has expired(?:, because the simulator is set so)?\.$/, 'کد منقضی شده است.'],
  [/^The refresh token is unknown, used up or expired\.$/, 'refresh token ناشناخته، مصرف‌شده یا منقضی است.'],
  [/^client_id or client_secret is wrong\.$/, 'client_id یا client_secret نادرست است.'],
  [/^The app refused with (\d+)(.*)$/, 'اپ با $1 رد کرد$2'],
  [/^The app refused the event with (\d+)\.$/, 'اپ رویداد را با $1 رد کرد.'],
  [/^It took longer than the (\d+) ms that Divar grants\.$/, 'بیش از $1 میلی‌ثانیه‌ای که دیوار مهلت می‌دهد طول کشید.'],
  [/^The simulator did not answer\. Is it still running\?$/, 'شبیه‌ساز پاسخ نداد. آیا هنوز اجرا می‌شود؟'],
  [/^There was no answer within (\d+) ms\.$/, 'در $1 میلی‌ثانیه پاسخی نیامد.'],
  [
    /^The call failed: (\S+)\. Is the gateway running at this address\?$/,
    'فراخوانی ناموفق بود: $1. آیا دروازه در این آدرس اجرا می‌شود؟',
  ],
  [/^The url of the answer is not an absolute http\(s\) address\.$/, 'url پاسخ آدرس کامل http(s) نیست.'],
  [/^The answer has neither an action nor a text_message\.$/, 'پاسخ نه action دارد و نه text_message.'],
  [/^Simulated fault: this answer\.$/, 'خطای ساختگی: همین پاسخ.'],
  [/^Simulated fault: a slow answer\.$/, 'خطای ساختگی: پاسخ کند.'],
  [/^Simulated fault: no answer\.$/, 'خطای ساختگی: بی‌پاسخ.'],
  [/^Simulated fault: the connection was cut; nothing took effect\.$/, 'خطای ساختگی: ارتباط قطع شد و چیزی ثبت نشد.'],
  [
    /^Simulated fault: the connection was cut after the request took effect\.$/,
    'خطای ساختگی: ارتباط پس از ثبت درخواست قطع شد.',
  ],
  [
    /^Simulated fault: a wrong key was sent\. The app refused it with 401, as it must\.$/,
    'خطای ساختگی: کلید نادرست فرستاده شد. اپ آن را با 401 رد کرد، که درست است.',
  ],
  [
    /^Simulated fault: a wrong key was sent\. The app did NOT refuse it.*$/,
    'خطای ساختگی: کلید نادرست فرستاده شد. اپ آن را با 401 رد نکرد؛ پس هر کسی می‌تواند خود را دیوار جا بزند.',
  ],
  [/^Simulated fault: the same click once more, at the same time\.$/, 'خطای ساختگی: همان کلیک، یک بار دیگر و هم‌زمان.'],
  [/^Simulated fault: the same event once more\.$/, 'خطای ساختگی: همان رویداد، یک بار دیگر.'],
  [/^Simulated fault: sent 2 seconds late\.$/, 'خطای ساختگی: ۲ ثانیه دیرتر فرستاده شد.'],
  [
    /^Simulated fault: the user returns with the state of another flow\.$/,
    'خطای ساختگی: کاربر با state جریان دیگری برمی‌گردد.',
  ],
  [/^Simulated fault: fewer scopes than requested are granted\.$/, 'خطای ساختگی: scope کمتری داده شد.'],
  [/^Simulated fault: no refresh token\.$/, 'خطای ساختگی: بدون refresh token.'],
  [
    /^Divar sends this to a subscription only, and there is none for (.+)\.$/,
    'دیوار این را فقط به مشترک‌ها می‌فرستد و برای $1 اشتراکی نیست.',
  ],
  [/^The event was not sent\.$/, 'رویداد فرستاده نشد.'],
  [/^The same press once more, at the same moment\.$/, 'همان کلیک، یک بار دیگر و هم‌زمان.'],
  [/^HTTP (\d+), and no JSON object with a url as its body\.$/, 'پاسخ HTTP $1 است، ولی بدنه‌اش شیء JSON با url نیست.'],
  [/^The answer is longer than (\d+) bytes\.$/, 'پاسخ بلندتر از $1 بایت است.'],
  [/^There is no landing\.$/, 'مقصدی در پاسخ نیست.'],
  [/^There is no answer\.$/, 'پاسخی نیست.'],
  [/^The body is not JSON\.$/, 'بدنه JSON نیست.'],
  [/^The body is not a JSON object\.$/, 'بدنه شیء JSON نیست.'],
  [/^The body is nested too deep\.$/, 'بدنه بیش از اندازه تودرتو است.'],
  [/^The body is not UTF-8, or holds a NUL\.$/, 'بدنه UTF-8 نیست یا نویسهٔ NUL دارد.'],
  [/^A text of (\d+) characters: how long one may be is not documented\.$/, 'متن $1 نویسه دارد؛ سقف آن در اسناد نیست.'],
  [/^There is no such message in the chat\.$/, 'این پیام در گفت‌وگو نیست.'],
  [/^There is no such button on this side of the message\.$/, 'این پیام برای این طرف چنین دکمه‌ای ندارد.'],
  [/^There is no such entry in the timeline\.$/, 'این مورد در خط زمان نیست.'],
  [/^There is no scope\.$/, 'scope ندارد.'],
  [/^There is no grant_type\.$/, 'grant_type ندارد.'],
  [/^There is no refresh_token\.$/, 'refresh_token ندارد.'],
  [/^The token has no scope (\S+)\.$/, 'این token این scope را ندارد: $1.'],
  [/^The token has none of the scopes: (.+)$/, 'این token هیچ‌کدام از این scopeها را ندارد: $1'],
  [/^The token covers neither USER_PHONE nor USER_ID\.$/, 'این token نه USER_PHONE را پوشش می‌دهد و نه USER_ID را.'],
  [/^The post is not one of the user of the token\.$/, 'این آگهی مال کاربر این token نیست.'],
  [
    /^A scope is about a chat in the name of another user than the one who is logged in\.$/,
    'یکی از scopeها برای گفت‌وگوی کاربر دیگری است، نه کاربری که وارد شده.',
  ],
  [
    /^The code was used before; the tokens that came of it are void now\.$/,
    'این کد پیش‌تر مصرف شده است؛ tokenهایش دیگر معتبر نیستند.',
  ],
  [/^The code_verifier does not fit the code_challenge\.$/, 'code_verifier با code_challenge جور نیست.'],
  [
    /^The redirect_uri is not the one that the user was sent away with\.$/,
    'redirect_uri همانی نیست که کاربر با آن فرستاده شد.',
  ],
  [
    /^Simulated fault: 103, then the connection was cut; nothing took effect\.$/,
    'خطای ساختگی: پاسخ 103 آمد و سپس ارتباط قطع شد؛ چیزی ثبت نشد.',
  ],
  [
    /^Simulated fault: the connection was cut in the middle of the answer\.$/,
    'خطای ساختگی: ارتباط در میانهٔ پاسخ قطع شد.',
  ],
  [/^Simulated fault: the scope of another chat is granted\.$/, 'خطای ساختگی: scope گفت‌وگوی دیگری داده شد.'],
  [
    /^Simulated fault: this new access token is refused; the previous one stays valid for two minutes\.$/,
    'خطای ساختگی: این access token تازه رد می‌شود؛ قبلی تا دو دقیقه معتبر می‌ماند.',
  ],
  [/^(\S+) is not among the icons that Divar has published\.$/, '$1 میان آیکون‌هایی که دیوار منتشر کرده نیست.'],
  [/^v2 has no member type; it is passed over\.$/, 'v2 عضو type ندارد؛ نادیده گرفته شد.'],
  [/^(\S+) is null: taken as none\.$/, '$1 برابر null است و نبودن به‌شمار آمد.'],
  [/^(\S+): (\S+) is superfluous beside (\S+)\.$/, '$1: کنار $3 به $2 نیازی نیست.'],
  [/^(\S+): icon_name is the old name of icon\.$/, '$1: icon_name نام قدیمی icon است.'],
  [/^(\S+) is there more than once\.$/, '$1 بیش از یک بار آمده است.'],
  [/^user_id is not the user of the token\.$/, 'user_id کاربر این token نیست.'],
  [/^client_id is not the slug of the app\.$/, 'client_id همان slug اپ نیست.'],
  [/^client_secret is not the API key\.$/, 'client_secret همان کلید API نیست.'],
  [/^redirect_uri is not registered\.$/, 'redirect_uri ثبت نشده است.'],
  [/^(\S+) is not an absolute http\(s\) address\.$/, '$1 آدرس کامل http(s) نیست.'],
  [/^There is no code\.$/, 'code ندارد.'],
  [
    /^There is a code_verifier, but the user was sent without a code_challenge\.$/,
    'code_verifier آمده است، ولی کاربر بدون code_challenge فرستاده شد.',
  ],
  [
    /^There is no code_verifier, but the user was sent with a code_challenge\.$/,
    'code_verifier ندارد، ولی کاربر با code_challenge فرستاده شد.',
  ],
]

/** A note in the page's language, as far as there is a translation. */
export function noteText(note: string): { text: string; lang: 'fa' | 'en' } {
  const [pattern, persian] = PERSIAN.find(([one]) => one.test(note)) ?? []
  if (currentLanguage() === 'en' || pattern === undefined || persian === undefined) return { text: note, lang: 'en' }
  const text = note.replace(pattern, persian)
  const [, inner] = /^Divar would have refused this: (.+)$/.exec(note) ?? []
  return { text: inner === undefined ? text : persian.replace('$1', noteText(inner).text), lang: 'fa' }
}

/** Shows a note in an element, with its language and direction. */
export function showNote(element: HTMLElement, note: string): void {
  const { text, lang } = noteText(note)
  element.lang = lang
  element.dir = lang === 'fa' ? 'rtl' : 'ltr'
  element.replaceChildren(make('span', { text }))
}
