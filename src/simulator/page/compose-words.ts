import type { Text } from '../../ui/language.ts'
import type { ShownButton, Wire } from '../shown.ts'
import type { Target } from './draft.ts'

/** The texts of the composer. `{name}` and the like are filled in. */
export const TEXT = {
  title: { fa: 'پیام تازه', en: 'New message' },
  notStarted: {
    fa: 'فرم پیام باز نشد.',
    en: 'The form could not open.',
  },
  startAgain: { fa: 'تلاش دوباره', en: 'Try again' },
  target: { fa: 'گیرنده', en: 'Send to' },
  wire: { fa: 'نسخهٔ API', en: 'API version' },
  inNameOf: { fa: 'به نام', en: 'In the name of' },
  toUser: { fa: 'به کاربر', en: 'To' },
  text: { fa: 'متن', en: 'Text' },
  characters: { fa: '{count} نویسه', en: '{count} characters' },
  mediaTitle: { fa: 'رسانه به‌جای متن', en: 'Media in place of the text' },
  media: { fa: 'media_token', en: 'media_token' },
  buttons: { fa: 'دکمه‌ها', en: 'Buttons' },
  seenBy: { fa: 'گوشی {name}', en: "{name}'s phone" },
  addButton: { fa: 'افزودن دکمه به ردیف {row}', en: 'Add a button to row {row}' },
  addRow: { fa: 'افزودن ردیف', en: 'Add a row' },
  addFirst: { fa: 'افزودن دکمه', en: 'Add a button' },
  tile: { fa: 'ردیف {row}، دکمهٔ {column}', en: 'Row {row}, button {column}' },
  hasMistake: { fa: 'اشتباه دارد', en: 'has a mistake' },
  v1Buttons: {
    fa: 'در v1 هر طرف یک دکمه دارد، با یکی از دو کار. بقیه برای v2 می‌مانند.',
    en: 'v1 has one button for each side, with one of two actions. The others are kept for v2.',
  },
  caption: { fa: 'متن دکمه', en: 'Caption' },
  captionHelp: { fa: 'با Enter دکمهٔ بعدی افزوده می‌شود.', en: 'Enter adds the next button.' },
  icon: { fa: 'آیکون', en: 'Icon' },
  iconHelp: { fa: 'بخشی از نام را بنویسید', en: 'Type a part of a name' },
  iconsFound: { fa: '{count} آیکون', en: '{count} icons' },
  iconUnknown: {
    fa: 'میان نام‌های منتشرشدهٔ دیوار نیست؛ با این حال فرستاده می‌شود.',
    en: 'Not among the names that Divar has published; it is sent all the same.',
  },
  action: { fa: 'کار دکمه', en: 'Action' },
  data: { fa: 'داده (JSON)', en: 'Data (JSON)' },
  url: { fa: 'آدرس', en: 'Address' },
  postToken: { fa: 'token آگهی', en: 'Post token' },
  notJson: { fa: 'این JSON نیست.', en: 'This is not JSON.' },
  notObject: {
    fa: 'باید یک شیء JSON باشد، مانند {"order_id": "A-1029"}.',
    en: 'Must be a JSON object, such as {"order_id": "A-1029"}.',
  },
  moveBack: { fa: 'یکی عقب‌تر', en: 'Move back' },
  moveForward: { fa: 'یکی جلوتر', en: 'Move forward' },
  moveUp: { fa: 'ردیف بالا', en: 'Move up' },
  moveDown: { fa: 'ردیف پایین', en: 'Move down' },
  remove: { fa: 'حذف دکمه', en: 'Remove' },
  toOther: { fa: 'همین دکمه‌ها برای {name}', en: 'The same buttons for {name}' },
  access: { fa: 'فرستادن با', en: 'Send with' },
  withToken: { fa: 'token کاربر', en: "the user's token" },
  withGrant: { fa: 'اجازهٔ ثبت‌شده', en: 'a grant' },
  queued: { fa: 'در صف ارسال (\u2066Prefer: respond-async\u2069)', en: 'Through the queue (Prefer: respond-async)' },
  times: { fa: 'زمان ارسال', en: 'Delivery times' },
  timesHelp: {
    fa: 'به وقت این ماشین؛ فقط برای پیامی که در صف ارسال است.',
    en: 'In the time zone of this machine; only for a message that goes through the queue.',
  },
  notBefore: { fa: 'پیش از این فرستاده نشود (not_before)', en: 'Not before (not_before)' },
  expiresAt: { fa: 'پس از این فرستاده نشود (expires_at)', en: 'Not after (expires_at)' },
  goesAt: { fa: 'زودترین ارسال: {time}', en: 'goes at {time} at the earliest' },
  endsAt: { fa: 'مهلت: {time}', en: 'expires at {time}' },
  send: { fa: 'فرستادن از راه دروازه', en: 'Send through the gateway' },
  sendHelp: { fa: 'یا Ctrl+Enter', en: 'or Ctrl+Enter' },
  json: { fa: 'کپی JSON', en: 'Copy as JSON' },
  curl: { fa: 'کپی curl', en: 'Copy as curl' },
  curlHelp: {
    fa: 'کلید دروازه و token شبیه‌ساز در دستور curl نوشته می‌شوند: هر دو فقط برای توسعه روی همین ماشین‌اند.',
    en: "The curl command holds the gateway's key and the simulator's token: both are for development on this machine.",
  },
  fresh: { fa: 'پیام خالی', en: 'Start over' },
  body: { fa: 'بدنهٔ درخواست', en: 'Request body' },
  preview: { fa: 'پیش‌نمایش', en: 'Preview' },
  previewHelp: { fa: 'برای ویرایش، دکمه‌ای را بزنید.', en: 'Press a button to edit it.' },
  noGateway: {
    fa: 'برای فرستادن، شبیه‌ساز را با کلید دروازه اجرا کنید (یا KENAR_INTERNAL_KEY را تنظیم کنید):',
    en: 'To send, start the simulator with a key of the gateway, or set KENAR_INTERNAL_KEY:',
  },
  mistakes: { fa: 'این پیام پذیرفته نمی‌شود:', en: 'This message would be refused:' },
  unchecked: { fa: 'دروازه پیام را بررسی نکرد:', en: 'The gateway did not check the message:' },
  delivered: { fa: 'تحویل شد', en: 'Delivered' },
  accepted: { fa: 'در صف ارسال است', en: 'In the queue' },
  refused: { fa: 'فرستاده نشد', en: 'Not sent' },
  besideFields: { fa: 'اشتباه‌ها کنار فیلدها نوشته شده‌اند.', en: 'each mistake is beside its field.' },
  allow: { fa: 'باز کردن صفحهٔ اجازه', en: 'Open the consent page' },
  docs: { fa: 'این خطا در مستندات', en: 'This error in the documentation' },
  edit: { fa: 'ویرایش و فرستادن دوباره', en: 'Edit and send again' },
  faults: { fa: 'خطای ساختگی برای این پیام', en: 'Simulated faults for this message' },
  armedTimes: { fa: 'آماده برای {count} درخواست', en: 'armed for {count} requests' },
  used: { fa: 'مصرف شد', en: 'used up' },
  whatCame: { fa: 'نتیجه', en: 'What came of them' },
  noAnswer: { fa: 'بی‌پاسخ', en: 'no answer' },
  platformSaid: { fa: 'پاسخ دیوار: {what}', en: 'Divar: {what}' },
  appSaid: { fa: 'پاسخ اپ شما: {what}', en: 'your app: {what}' },
  serviceGot: { fa: 'سرویس شما {what} گرفت', en: 'your service got {what}' },
  triedAgain: { fa: 'پس از {seconds} ثانیه دوباره تلاش شد: {what}', en: 'tried again after {seconds} s: {what}' },
} satisfies Record<string, Text>

export const TARGETS: Record<Target, Text> = {
  chat: { fa: 'گفت‌وگو', en: 'Chat' },
  bot_conversation: { fa: 'ربات (گفت‌وگو)', en: 'Bot (conversation)' },
  bot_user: { fa: 'ربات (کاربر)', en: 'Bot (user)' },
}

/** v1 calls two of the actions by names of its own. */
export function actionName(kind: ShownButton['kind'], wire: Wire): string {
  if (wire === 'v1' && kind === 'open_server_link') return 'LINK'
  return wire === 'v1' && kind === 'open_direct_link' ? 'DIRECT_LINK' : kind
}

export const ACTIONS: Record<ShownButton['kind'], Text> = {
  open_server_link: { fa: 'کلیک', en: 'a click' },
  open_direct_link: { fa: 'باز کردن آدرس', en: 'opens an address' },
  get_dynamic_action: { fa: 'پاسخ همان‌جا', en: 'answered in place' },
  open_post_page: { fa: 'باز کردن آگهی', en: 'opens a post' },
  open_post_manage_page: { fa: 'مدیریت آگهی', en: 'manages a post' },
}

/** A text with its places filled. */
export function fill({ fa, en }: Text, values: Record<string, string>): Text {
  const put = (text: string) => text.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole)
  return { fa: put(fa), en: put(en) }
}
