import type * as z from 'zod'
import type { FieldError } from '../base/fault.ts'
import { fieldErrors } from '../base/fields.ts'
import type { JsonObject } from '../base/strict-json.ts'
import type { Address, Content, Message, Sender } from './message.ts'

/** The chat that the request's path names. */
export type PathAddress = { kind: 'conversation' | 'bot_conversation' | 'bot_user'; id: string }

/** What a wire reads from a body; undefined parts were refused. */
export type MessageParts = Pick<Message, 'senderButtons' | 'receiverButtons'> & {
  address: Address | undefined
  content: Content | undefined
  sender?: Sender
}

/** Reads the members of one body, and collects their errors, so that all are reported at once. */
export class BodyReader {
  readonly errors: FieldError[] = []
  readonly #body: JsonObject

  constructor(body: JsonObject) {
    this.#body = body
  }

  /** A member; `null` counts as absent. */
  given(member: string): unknown {
    return Object.hasOwn(this.#body, member) ? (this.#body[member] ?? undefined) : undefined
  }

  check<Output>(member: string, schema: z.ZodType<Output>): Output | undefined {
    return this.parse(schema, this.given(member), `/${member}`)
  }

  /** @param pointer where the value is in the body */
  parse<Output>(schema: z.ZodType<Output>, value: unknown, pointer: string): Output | undefined {
    const parsed = schema.safeParse(value)
    if (parsed.success) return parsed.data
    for (const { pointer: below, detail } of fieldErrors(parsed.error)) this.refuse(`${pointer}${below}`, detail)
    return undefined
  }

  refuse(pointer: string, detail: string): void {
    this.errors.push({ pointer, detail })
  }
}
