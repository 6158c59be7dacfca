import * as z from 'zod'
import type { Conversation } from './conversation.ts'
import type { EventSender } from './events.ts'
import type { Grants } from './grants.ts'
import type { Answer } from './http.ts'
import type { SimulatorOptions } from './options.ts'
import type { ShownGateway } from './send-command.ts'
import type { Side } from './shown.ts'
import type { Subscriptions } from './subscriptions.ts'

/** What the control routes change. */
export type Controlled = {
  conversation: Conversation
  events: EventSender
  grants: Grants
  subscriptions: Subscriptions
  identificationKey: string
  /** The gateway that is the app, when the simulator was given it. */
  gateway: SimulatorOptions['gateway']
  /** The same for commands that are shown: without its key, unless the reader is on this machine. */
  shownGateway: ShownGateway | undefined
  ownOrigin: string
  /** Users' access tokens that are valid from the start. */
  userTokens: ReadonlyMap<Side, string>
  /** Resolves once the app can be called, to the reason when it cannot be. */
  ready: () => Promise<string | undefined>
  /** Sets the side whose phone opened the last web view; the consent page preselects it. */
  activate: (side: Side) => void
}

export type Route = (body: unknown, controlled: Controlled, query: URLSearchParams) => Answer | Promise<Answer>

export const side = z.enum(['seller', 'buyer'])
export const location = z.object({
  latitude: z.number().min(-90).max(90),
  longitude: z.number().min(-180).max(180),
})
