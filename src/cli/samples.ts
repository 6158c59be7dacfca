/** Built-in clicks, a dynamic action and an event by name, with made-up ids. */

const triple = {
  post_token: 'AZf3Uqr3',
  user_id: 'e9ba8a81-9583-4f7c-af54-b07df089d971',
  peer_id: '1697004f-e902-44c2-bbbe-bf8e20d54bff',
  Supplier: { id: '1697004f-e902-44c2-bbbe-bf8e20d54bff' },
  demand: { id: 'e9ba8a81-9583-4f7c-af54-b07df089d971' },
}
const callbackUrl = { callback_url: 'https://open-platform-redirect.divar.ir/completion' }
const data = { order_id: 'A-1029' }
const v2 = {
  post_token: 'AZf3Uqr3',
  conversation_id: '6b3d5cf7-9291-4fa9-892a-9d07e300daea',
  user_side: 'DEMAND',
  user_id: 'Qm0wW1hZc2xYT3dQd0ZyS0J6dU5nVWtqSGVMaVRzREI=',
}

type Sample = {
  /** Of clicks it is guessed from the body, so that a changed one may be another kind. */
  kind?: 'action' | 'event'
  wire: 'v1' | 'v2'
  body: Record<string, unknown>
}

export const SAMPLES: ReadonlyMap<string, Sample> = new Map<string, Sample>([
  ['v1-menu', { wire: 'v1', body: { ...callbackUrl, ...triple } }],
  ['v1-button', { wire: 'v1', body: { extra_data: { provider_data: data }, ...callbackUrl, ...triple } }],
  [
    'v1-location',
    {
      wire: 'v1',
      body: {
        extra_data: { provider_data: data, location: { latitude: 35.7219, longitude: 51.3347 } },
        ...callbackUrl,
        ...triple,
      },
    },
  ],
  ['v2-menu', { wire: 'v2', body: { source: 'CHAT', ...v2, extra_data: null } }],
  ['action', { kind: 'action', wire: 'v2', body: { touchpoint: 'CHAT_MESSAGE_ACTION', ...v2, extra_data: data } }],
  [
    'event',
    {
      kind: 'event',
      wire: 'v2',
      body: {
        type: 'NEW_MESSAGE',
        new_message: {
          id: 'b6f5f0de-5a3c-4a0e-9d0c-2f2f8f1f7a10',
          conversation: { id: v2.conversation_id, type: 'POST', post_token: v2.post_token },
          sender: { side: 'BUYER', type: 'HUMAN' },
          type: 'TEXT',
          sent_at: 1795968114123456,
          text: 'سلام، هنوز موجود است؟',
        },
      },
    },
  ],
  ['v2-button', { wire: 'v2', body: { source: 'CHAT_MESSAGE_ACTION', ...v2, extra_data: data } }],
])
