import { randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { Webhook } from 'standardwebhooks'
import * as z from 'zod'
import type { Environment } from './environment.ts'
import type { Ledger } from './ledger.ts'
import { startService, type Heard } from './service.ts'
import type { Suite } from './suite.ts'

/** The secret that events are signed with. */
export const SECRET = `whsec_${randomBytes(32).toString('base64')}`
/** Each of them asks for a repeat; `reset` closes the connection without an answer. */
const FAILURES = [500, 503, 429, 'reset'] as const
const FAILURE_CHANCE = 0.25
const MAX_DELAY_MS = 20

const passedOn = z.object({
  id: z.string(),
  conversation: z.object({ id: z.string() }),
  message: z.object({ id: z.string().regex(/^m-\d+$/) }),
})

/** An event of Divar's: a message whose id has the serial. */
export function newEvent(serial: number, conversation: number) {
  return {
    type: 'NEW_MESSAGE',
    new_message: {
      id: `m-${serial}`,
      conversation: { id: `c-${conversation}`, type: 'POST', post_token: 'AZf3Uqr3' },
      sender: { side: 'BUYER', type: 'HUMAN' },
      type: 'TEXT',
      sent_at: '2026-11-29T16:01:54.123456Z',
      text: 'سلام، هنوز موجود است؟',
    },
  }
}

/** The service behind EVENTS_URL. It fails a quarter of the calls, and records the others as accepted in the ledger. */
export class EventReceiver {
  calls = 0
  failed = 0
  /** Calls whose signature or body is not what the docs say. */
  unreadable = 0
  /** Events that came after an earlier one of their conversation. */
  followers = 0
  /** Serials of which a call came after one of a later event of their conversation. */
  readonly late = new Set<number>()
  /** The ids under which each serial came. */
  readonly #ids = new Map<number, Set<string>>()
  readonly #latest = new Map<string, number>()
  readonly #suite: Suite
  readonly #ledger: Ledger
  readonly #webhook = new Webhook(SECRET)

  constructor(suite: Suite, ledger: Ledger) {
    this.#suite = suite
    this.#ledger = ledger
  }

  /** @returns the gateway's variables for it */
  async start(): Promise<Environment> {
    const { url } = await startService(this.#suite, (heard, response) => {
      void this.#take(heard, response)
    })
    return { EVENTS_URL: `${url}/divar`, EVENTS_SECRET: SECRET }
  }

  /** Serials that came under more than one id. */
  underSeveralIds(): number[] {
    return [...this.#ids].flatMap(([serial, ids]) => (ids.size > 1 ? [serial] : []))
  }

  serials(): number[] {
    return [...this.#ids.keys()]
  }

  async #take(heard: Heard, response: ServerResponse): Promise<void> {
    const { random } = this.#suite
    this.calls += 1
    const read = this.#read(heard)
    if (read === undefined) {
      this.unreadable += 1
      response.writeHead(500).end()
      return
    }
    const { serial, conversation } = read
    const delayMs = random.integer(0, MAX_DELAY_MS)
    this.#note(read)
    this.#ledger.arrived(serial, delayMs)
    await setTimeout(delayMs)
    if (!random.chance(FAILURE_CHANCE)) {
      this.#ledger.accepted(serial, conversation)
      response.writeHead(204).end()
      return
    }
    this.failed += 1
    const failure = random.pick(FAILURES)
    if (failure === 'reset' || failure === undefined) response.destroy()
    else response.writeHead(failure).end()
  }

  /** Undefined when the signature is wrong, or the body is not that of an event with this id. */
  #read({ request, body }: Heard): { serial: number; id: string; conversation: string } | undefined {
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
    try {
      const event = passedOn.parse(this.#webhook.verify(body, headers))
      if (event.id !== request.headers['webhook-id']) return undefined
      return { serial: Number(event.message.id.slice(2)), id: event.id, conversation: event.conversation.id }
    } catch {
      return undefined
    }
  }

  #note({ serial, id, conversation }: { serial: number; id: string; conversation: string }): void {
    const ids = this.#ids.get(serial) ?? new Set()
    this.#ids.set(serial, ids.add(id))
    const latest = this.#latest.get(conversation)
    if (latest !== undefined && serial < latest) this.late.add(serial)
    if (latest !== undefined && serial > latest) this.followers += 1
    this.#latest.set(conversation, Math.max(serial, latest ?? serial))
  }
}
