/** The platform's own samples with real-looking values: what the demo plays. */

export const clickV1 = {
  extra_data: {
    provider_data: { order_id: 'A-1029' },
    location: { latitude: 35.683374373999364, longitude: 51.34850978851319 },
  },
  callback_url: 'https://open-platform-redirect.divar.ir/completion',
  post_token: 'AZf3Uqr3',
  user_id: 'e9ba8a81-9583-4f7c-af54-b07df089d971',
  peer_id: '1697004f-e902-44c2-bbbe-bf8e20d54bff',
  Supplier: { id: '1697004f-e902-44c2-bbbe-bf8e20d54bff' },
  demand: { id: 'e9ba8a81-9583-4f7c-af54-b07df089d971' },
}

export const messageV1 = {
  user_id: 'e9ba8a81-9583-4f7c-af54-b07df089d971',
  post_token: 'AZf3Uqr3',
  peer_id: '1697004f-e902-44c2-bbbe-bf8e20d54bff',
  type: 'TEXT',
  message: 'کارشناسی خودرو برای فردا ساعت ۱۰ ثبت شد.',
  sender_btn: {
    action: 'LINK',
    data: { icon_name: 'CAR_INSPECTED', extra_data: { order_id: 'A-1029' }, caption: 'پیگیری درخواست' },
  },
  receiver_btn: {
    action: 'LINK',
    data: { icon_name: 'VERIFIED', extra_data: { order_id: 'A-1029' }, caption: 'تأیید زمان بازدید' },
  },
}
