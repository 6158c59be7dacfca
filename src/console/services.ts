import type { MessageActs } from '../messages/message-acts.ts'

/** A page of a conversation's timeline, as the API answers it. */
type TimelinePage = { entries: readonly object[]; next_cursor: string | null }

/**
 * What the console reads and changes: the services behind the API, in process. The page leaves out what is undefined.
 */
export type ConsoleServices = {
  messages: MessageActs
  /** What needs attention now. */
  attention?: (() => Promise<object>) | undefined
  timeline?:
    | {
        /** @param body what `POST /timeline` takes */
        ofAddress: (body: unknown) => Promise<TimelinePage>
        ofMessage: (id: string) => Promise<TimelinePage>
      }
    | undefined
  /** Of all callers, without ids of people. */
  listSubscriptions?: ((filter: SubscriptionFilter) => Promise<object>) | undefined
}

export type SubscriptionFilter = {
  state?: 'active' | 'waiting' | 'failed' | undefined
  caller?: string | undefined
  cursor?: number | undefined
  limit: number
}

/** The parts of the page that this gateway has. */
export function partsOf(services: ConsoleServices | undefined): string[] {
  return [
    ...(services?.attention ? ['attention'] : []),
    ...(services?.timeline ? ['timeline'] : []),
    ...(services?.listSubscriptions ? ['subscriptions'] : []),
  ]
}
