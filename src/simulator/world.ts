import type { Person, Side, Words } from './shown.ts'

/** What the simulator simulates: one post, its seller, one buyer, and their one conversation. */
export type World = {
  post: { token: string; title: Words }
  people: Record<Side, Person>
  conversationId: string
  appTitle: Words
  /** Who has blocked the other. */
  blockedBy: Side | null
}

export const SIDES = ['seller', 'buyer'] as const

export function otherSide(side: Side): Side {
  return side === 'seller' ? 'buyer' : 'seller'
}

/** The world of the page and the demo. Ids look like the platform's own, those of the two wires differ. */
export function createWorld(appTitle: Words = { fa: 'کارشناسی دوچرخه', en: 'Bike inspection' }): World {
  return {
    post: { token: 'AZf3Uqr3', title: { fa: 'دوچرخهٔ کوهستان، سایز ۲۷٫۵', en: 'Mountain bike, 27.5"' } },
    people: {
      seller: {
        name: { fa: 'مریم', en: 'Maryam' },
        v1Id: '1697004f-e902-44c2-bbbe-bf8e20d54bff',
        v2Id: '6GqmD76dle5NpJySqnBX8seTpt6uVtzqaNTNJU1ettI=',
        botConversationId: '3f0a1c52-8d47-4b6e-9c15-27e4b1d09a68',
      },
      buyer: {
        name: { fa: 'آرش', en: 'Arash' },
        v1Id: 'e9ba8a81-9583-4f7c-af54-b07df089d971',
        v2Id: 'Qm0wW1hZc2xYT3dQd0ZyS0J6dU5nVWtqSGVMaVRzREI=',
        botConversationId: 'b81d6e0f-52c9-4e0b-8a3d-6f7c1e94d213',
      },
    },
    conversationId: '6b3d5cf7-9291-4fa9-892a-9d07e300daea',
    appTitle,
    blockedBy: null,
  }
}
