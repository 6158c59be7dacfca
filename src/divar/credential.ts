import type { Trace } from '../observability/trace.ts'
import type { Message, Sender } from '../message/message.ts'
import type { Outcome } from './outcome.ts'

/** In whose name a message goes: by a token that came along, or by a grant, which is chosen when the message goes. */
export type Credential = { kind: 'token'; userToken: string } | { kind: 'grant'; sender: Sender }

/** Delivers one Message, once, by whatever lets it. Never rejects: every end is an Outcome. */
export type DeliverBy = (message: Message, credential: Credential, trace: Trace) => Promise<Outcome>
