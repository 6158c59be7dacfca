import { describeError, type Logger } from '../observability/log.ts'
import type { MessageRecord, Sealed } from '../store/store.ts'
import type { Sealer } from './payload.ts'

/** A stored message. `conversationId`: the one that Divar named when it delivered a bot message. */
export type ShownMessage = Omit<MessageRecord, 'answer'> & { conversationId?: string }

export type OpenRows = ReturnType<typeof createOpenRows>

/** Opens what rows keep sealed. A row that cannot be opened is logged. */
export function createOpenRows(sealer: Sealer, log: Logger) {
  const warn = (id: string, error: unknown) => {
    log.error({ event: 'store.sealed_row_unreadable', message_id: id, ...describeError(error) })
  }

  return {
    /** The conversation's names under today's keys, which may have changed since it was queued; none when the row cannot be opened. */
    conversationNames: (id: string, body: Sealed | undefined): readonly string[] => {
      if (body === undefined) return []
      try {
        return sealer.namesOfSealed(id, body)
      } catch (error) {
        warn(id, error)
        return []
      }
    },

    /** The message with the conversation that Divar named; without it when it cannot be opened. */
    openAnswer: ({ answer, ...record }: MessageRecord): ShownMessage => {
      if (answer === undefined) return record
      try {
        return { ...record, conversationId: sealer.open('answer', record.id, answer) }
      } catch (error) {
        warn(record.id, error)
        return record
      }
    },
  }
}
