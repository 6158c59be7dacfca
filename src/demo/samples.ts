import type { World } from '../simulator/world.ts'

/** The demo's first words: what the two say to each other, then the platform's two kinds of message with an app's buttons. */
export const TEXTS = [
  { side: 'buyer', text: 'سلام، دوچرخه هنوز موجود است؟' },
  { side: 'seller', text: 'سلام، بله. می‌توانید کارشناسی هم بگیرید.' },
] as const

/** A message whose buttons call the app, and one whose buttons open an address; both in the seller's name, on v1. */
export function sampleMessages({ people, post }: World, appUrl: string): Record<string, unknown>[] {
  const address = { user_id: people.seller.v1Id, post_token: post.token, peer_id: people.buyer.v1Id, type: 'TEXT' }
  const report = `${appUrl}/report?order_id=A-1029`
  return [
    {
      ...address,
      message: 'کارشناسی دوچرخه برای فردا ساعت ۱۰ ثبت شد.',
      sender_btn: {
        action: 'LINK',
        data: { icon_name: 'CAR_INSPECTED', extra_data: { order_id: 'A-1029' }, caption: 'پیگیری درخواست' },
      },
      receiver_btn: {
        action: 'LINK',
        data: {
          icon_name: 'VERIFIED',
          extra_data: { order_id: 'A-1029', step: 'confirm' },
          caption: 'تأیید زمان بازدید',
        },
      },
    },
    {
      ...address,
      message: 'گزارش کارشناسی آماده است.',
      sender_btn: {
        action: 'DIRECT_LINK',
        data: { icon_name: 'LAUNCH', direct_link: report, caption: 'گزارش فروشنده' },
      },
      receiver_btn: {
        action: 'DIRECT_LINK',
        data: { icon_name: 'LAUNCH', direct_link: report, caption: 'گزارش خریدار' },
      },
    },
  ]
}
