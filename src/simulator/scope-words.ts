import type { Words } from './shown.ts'

/** What each scope lets an app do, by its name. */
export const SCOPE_WORDS: Record<string, Words> = {
  CHAT_SEND_MESSAGE_OAUTH: {
    fa: 'ارسال پیام از طرف شما در همین گفت‌وگو',
    en: 'Send messages in this chat in your name',
  },
  CHAT_MESSAGE_SEND: { fa: 'ارسال پیام از طرف شما در همین گفت‌وگو', en: 'Send messages in this chat in your name' },
  CONVERSATION_SEND_MESSAGE: {
    fa: 'ارسال پیام از طرف شما در همین گفت‌وگو',
    en: 'Send messages in this chat in your name',
  },
  CHAT_SEND_MESSAGE_POST_CONVERSATIONS: {
    fa: 'ارسال پیام از طرف شما در همهٔ گفت‌وگوهای این آگهی',
    en: 'Send messages in all chats of this post in your name',
  },
  CHAT_POST_CONVERSATIONS_MESSAGE_SEND: {
    fa: 'ارسال پیام از طرف شما در همهٔ گفت‌وگوهای این آگهی',
    en: 'Send messages in all chats of this post in your name',
  },
  CHAT_SUPPLIER_ALL_CONVERSATIONS_MESSAGE_SEND: {
    fa: 'ارسال پیام از طرف شما در همهٔ گفت‌وگوهای آگهی‌هایتان',
    en: 'Send messages in all chats of your posts in your name',
  },
  CHAT_CONVERSATION_READ: { fa: 'خواندن پیام‌های همین گفت‌وگو', en: 'Read the messages of this chat' },
  CHAT_POST_CONVERSATIONS_READ: {
    fa: 'خواندن پیام‌های همهٔ گفت‌وگوهای این آگهی',
    en: 'Read the messages of all chats of this post',
  },
  CHAT_SUPPLIER_ALL_CONVERSATIONS_READ: {
    fa: 'خواندن پیام‌های همهٔ گفت‌وگوهای آگهی‌هایتان',
    en: 'Read the messages of all chats of your posts',
  },
  CHAT_BOT_USER_MESSAGE_SEND: { fa: 'ارسال پیام به شما در ربات اپ', en: "Send you messages in the app's bot" },
  USER_PHONE: { fa: 'دیدن شمارهٔ تلفن شما', en: 'See your phone number' },
  USER_ID: { fa: 'دیدن شناسهٔ کاربری شما', en: 'See your user id' },
  openid: { fa: 'شناختن شما هنگام ورود', en: 'Recognize you when you log in' },
  offline_access: { fa: 'دسترسی تا وقتی آن را پس بگیرید', en: 'Keep this access until you take it back' },
  NOTIFICATION_ACCESS_REVOCATION: {
    fa: 'باخبر شدن وقتی این دسترسی را پس می‌گیرید',
    en: 'Be told when you take this access back',
  },
  SEND_EVENT: { fa: 'ثبت رویداد دربارهٔ شما', en: 'Record events about you' },
  USER_POSTS_GET: { fa: 'دیدن آگهی‌های شما', en: 'See your posts' },
  USER_POSTS_STATS_READ: { fa: 'دیدن آمار آگهی‌های شما', en: 'See the statistics of your posts' },
  SUBMIT_USER_POST: { fa: 'ثبت آگهی از طرف شما', en: 'Submit posts in your name' },
  EDIT_USER_POST: { fa: 'ویرایش آگهی‌های شما', en: 'Edit your posts' },
  DELETE_USER_POST: { fa: 'حذف آگهی‌های شما', en: 'Delete your posts' },
  POST_EDIT: { fa: 'ویرایش همین آگهی', en: 'Edit this post' },
  POST_ONGOING_IMAGES_GET: {
    fa: 'دیدن عکس‌های همین آگهی پیش از انتشار',
    en: 'See the images of this post before it is published',
  },
  POST_SEMANTIC_CREATE: { fa: 'افزودن مشخصات به همین آگهی', en: 'Add attributes to this post' },
  POST_ADDON_CREATE: { fa: 'افزودن افزونه به همین آگهی', en: 'Add an add-on to this post' },
  USER_POSTS_ADDON_CREATE: { fa: 'افزودن افزونه به آگهی‌های شما', en: 'Add add-ons to your posts' },
  USER_ADDON_CREATE: { fa: 'افزودن افزونه به حساب شما', en: 'Add an add-on to your account' },
  BUSINESS_ADDON_CREATE: { fa: 'افزودن افزونه به این کسب‌وکار', en: 'Add an add-on to this business' },
  BUSINESS_CREATE_CUSTOMIZED_BUTTON: { fa: 'افزودن دکمه به این کسب‌وکار', en: 'Add a button to this business' },
  USER_SET_CUSTOMIZED_BUTTON: { fa: 'افزودن دکمه به آگهی‌های شما', en: 'Add a button to your posts' },
  USER_BUSINESSES_READ: { fa: 'دیدن کسب‌وکارهای شما', en: 'See your businesses' },
  USER_VERIFICATION_CREATE: { fa: 'افزودن تأیید هویت به حساب شما', en: 'Add a verification to your account' },
  PRO_USER_PROFILE_IMAGE_READ: { fa: 'دیدن عکس نمایهٔ دیوار پرو', en: 'See your Divar Pro profile image' },
  PAY_USER_POST_PROMOTION: { fa: 'پرداخت هزینهٔ ارتقای آگهی‌های شما', en: 'Pay for promotions of your posts' },
  PAYMENT_ALL_POSTS_PRICING_READ: {
    fa: 'دیدن هزینه‌های آگهی‌های شما',
    en: 'See the prices of services for your posts',
  },
  PAYMENT_ALL_POSTS_RENEW: { fa: 'تمدید آگهی‌های شما', en: 'Renew your posts' },
  PAYMENT_ALL_POSTS_REORDER: { fa: 'نردبان کردن آگهی‌های شما', en: 'Move your posts to the top' },
  SUBMIT_USER_PAYMENT: { fa: 'ثبت پرداخت از طرف شما', en: 'Submit payments in your name' },
  MANAGEMENT_APPS_READ: { fa: 'دیدن تنظیمات این اپ', en: 'See the settings of this app' },
  MANAGEMENT_APPS_WRITE: { fa: 'تغییر تنظیمات این اپ', en: 'Change the settings of this app' },
}

/** For a scope that was published after these words were written. */
export const OTHER_SCOPE: Words = { fa: 'دسترسی دیگری که دیوار منتشر کرده است', en: 'Another published permission' }
