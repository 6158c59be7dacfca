import type { JsonObject } from '../../src/base/strict-json.ts'
import type { BodyName } from './components.ts'

/** Values of the demo's world, so that an example works there as it is. */
export const EXAMPLE = {
  conversationId: '6b3d5cf7-9291-4fa9-892a-9d07e300daea',
  botConversationId: 'b81d6e0f-52c9-4e0b-8a3d-6f7c1e94d213',
  postToken: 'AZf3Uqr3',
  sellerV1: '1697004f-e902-44c2-bbbe-bf8e20d54bff',
  buyerV1: 'e9ba8a81-9583-4f7c-af54-b07df089d971',
  sellerV2: '6GqmD76dle5NpJySqnBX8seTpt6uVtzqaNTNJU1ettI=',
  buyerV2: 'Qm0wW1hZc2xYT3dQd0ZyS0J6dU5nVWtqSGVMaVRzREI=',
  mediaToken: 'a-media-token',
  phone: '09000000000',
  /** What follows the kind in an id of the gateway's. */
  id: 'A1b2C3d4E5f6G7h8I9j0K1l2',
} as const

const data = { order_id: 'A-1029' }
const text = 'کارشناسی برای فردا ساعت ۱۰ ثبت شد.'
const button = { action: { open_server_link: { data } }, caption: 'تأیید زمان' }
const receiver_buttons = { rows: [{ buttons: [button] }] }
const botButtons = { rows: [{ buttons: [{ ...button, caption: 'دیدن سفارش' }] }] }
const triple = { user_id: EXAMPLE.sellerV1, post_token: EXAMPLE.postToken, peer_id: EXAMPLE.buyerV1 }

/** An example of each body that a route takes. */
export const bodyExamples: Partial<Record<BodyName, JsonObject>> = {
  TextToConversation: { conversation_id: EXAMPLE.conversationId, message: text, receiver_buttons },
  MediaToConversation: { conversation_id: EXAMPLE.conversationId, media_token: EXAMPLE.mediaToken },
  TextToTriple: {
    ...triple,
    message: text,
    receiver_btn: { action: 'LINK', data: { icon_name: 'VERIFIED', extra_data: data, caption: 'تأیید زمان' } },
  },
  TextToPath: { message: text, receiver_buttons },
  MediaToPath: { media_token: EXAMPLE.mediaToken },
  TextByBot: {
    bot: { conversation_id: EXAMPLE.botConversationId },
    text_message: 'سفارش شما آماده است.',
    buttons: botButtons,
  },
  MediaByBot: { bot: { conversation_id: EXAMPLE.botConversationId }, media_token: EXAMPLE.mediaToken },
  TextByBotToPath: { text_message: 'سفارش شما آماده است.', buttons: botButtons },
  MediaByBotToPath: { media_token: EXAMPLE.mediaToken },
  ConsentBody: { scopes: ['chat', 'offline'], ...triple, return_url: 'https://app.example.com/done' },
  GrantBody: {
    access_token: 'the-access-token',
    refresh_token: 'the-refresh-token',
    expires_in: 3600,
    scopes: ['USER_ID', 'CHAT_SUPPLIER_ALL_CONVERSATIONS_MESSAGE_SEND'],
    user_id: EXAMPLE.sellerV2,
  },
  RetryFilter: { state: 'failed', since: '2026-01-31T08:00:00Z', limit: 1000 },
  CancelFilter: { caller: 'orders' },
  TimelineBody: { conversation_id: EXAMPLE.conversationId },
  SubscriptionBody: { user_id: EXAMPLE.sellerV2, event_type: 'POST_UPDATE', post_token: EXAMPLE.postToken },
  PlatformSubscriptionBody: { event_type: 'NEW_MESSAGE_ON_POST', event_resource_id: EXAMPLE.postToken },
  ClickV1: { ...triple, extra_data: { provider_data: data } },
  ClickV2: {
    source: 'CHAT',
    user_side: 'DEMAND',
    user_id: EXAMPLE.buyerV2,
    post_token: EXAMPLE.postToken,
    conversation_id: EXAMPLE.conversationId,
  },
  ActionBody: {
    touchpoint: 'CHAT_MESSAGE_ACTION',
    user_side: 'DEMAND',
    user_id: EXAMPLE.buyerV2,
    post_token: EXAMPLE.postToken,
    conversation_id: EXAMPLE.conversationId,
    extra_data: data,
  },
  DivarEvent: { type: 'POST_UPDATE', post_update: { type: 'ARCHIVE', post: { token: EXAMPLE.postToken } } },
}

/** Of platform calls, by the operation's name; others begin with an empty object. */
export const callExamples: Readonly<Record<string, JsonObject>> = {
  Finder_GetUserIDByPhone: { phone: EXAMPLE.phone },
  Finder_SearchPostV2: { city: 'tehran', category: 'bicycle' },
  Post_EditPost: { title: 'دوچرخهٔ کوهستان', description: 'سایز ۲۷٫۵، سالم.' },
  Post_EditPostV2: { general_data: { title: 'دوچرخهٔ کوهستان', city: 'tehran' } },
  Addons_CreatePostAddonV2: { widgets: [], notes: 'A-1029' },
  Semantic_CreatePostSemantic: { semantic: data },
  Semantic_CreateUserSemantic: { semantic: data },
  Payment_SubmitUserPayment: { amount_rials: '1500000', profit_rials: '50000', reference_id: 'A-1029', services: [] },
}

/** Of path parameters, by name. */
export const pathExamples: Readonly<Record<string, string>> = {
  post_token: EXAMPLE.postToken,
  token: EXAMPLE.postToken,
  conversation_id: EXAMPLE.conversationId,
  user_id: EXAMPLE.sellerV2,
  divar_user_id: EXAMPLE.sellerV2,
  phone: EXAMPLE.phone,
  business_token: 'a-business-token',
  category: 'bicycle',
  category_slug: 'bicycle',
  city_slug: 'tehran',
  id: EXAMPLE.id,
}
