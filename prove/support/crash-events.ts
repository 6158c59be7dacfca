import { setTimeout } from 'node:timers/promises'
import * as z from 'zod'
import { reportSent, reportSettled } from './audit.ts'
import type { Client } from './client.ts'
import { rowsIn, type Database } from './databases.ts'
import { environment } from './environment.ts'
import { EventReceiver, newEvent } from './event-receiver.ts'
import { spawnGateway } from './gateway.ts'
import { killRepeatedly } from './kills.ts'
import { Ledger } from './ledger.ts'
import { startTurns, type Pacing, type Turn } from './load.ts'
import { startTakingPlatform } from './service.ts'
import type { Suite } from './suite.ts'

/** Events of Divar's while their gateway is killed. The ledger has what was answered 200 as acknowledged, and 4xx as refused. */

const KILLS = { short: 3, full: 100 }
const SETTLED_WITHIN_MS = 90_000
/** Longer than any wait between two attempts. */
const QUIET_MS = 600
const RETRIES = { RETRY_FIRST_MS: '50', RETRY_MAX_MS: '400' }
/** Calls to EVENTS_URL that a gateway has in flight at most. */
const CONCURRENCY = 16
/** Of the events without a 200; Divar does not document that it repeats them. */
const REPEAT_CHANCE = 0.75
/** Of the events with a 200, which are sent once more. */
const TWICE_CHANCE = 0.1
const INVALID_CHANCE = 0.05
/** Events of one conversation in a row, so that some wait for others. */
const BURST = 4

type Sent = Pick<Pacing<Client>, 'workers' | 'conversations'> & { maxBacklog: number }

export async function killWithEvents(suite: Suite, database: Database, sent: Sent): Promise<void> {
  const ledger = new Ledger()
  const receiver = new EventReceiver(suite, ledger)
  const platformUrl = await startTakingPlatform(suite)
  const variables = environment(platformUrl, database.url, { ...RETRIES, ...(await receiver.start()) })
  const spawn = () => spawnGateway(suite, variables)
  const sender = new EventSender(suite, ledger)
  let target: Client | undefined
  const load = startTurns(
    suite,
    { ...sent, burst: BURST, target: () => target, maySend: () => ledger.backlog < sent.maxBacklog },
    (client, serial, conversation) => sender.send(client, serial, conversation),
  )
  const { kills } = await killRepeatedly(suite, {
    title: `${database.title}, events`,
    number: suite.short ? KILLS.short : KILLS.full,
    spawn,
    onTarget: (client) => (target = client),
    running: () => ledger.running,
  })
  await load.stop()

  let states = new Map<string, number>()
  const settledMs = await suite.until(
    'every event has ended',
    async () => {
      // SQLite lets no one else read while a gateway runs.
      const gateway = spawn()
      await gateway.ready
      await untilQuiet(suite, receiver)
      await gateway.stop()
      states = await readStates(database)
      return waitingIn(states) === 0
    },
    SETTLED_WITHIN_MS,
  )

  suite.report.section(`${database.title}: ${kills.length} kills, with events`)
  reportEvents(suite, { ledger, receiver, sender, kills: kills.length, states, settledMs })
}

/** Sends each event until it is answered 200 or given up; some once more after that, and some in a form that must be refused. */
class EventSender {
  repeated = 0
  /** Serials that were sent without an answer that says whether they are stored. */
  readonly #unsure = new Set<number>()
  readonly #suite: Suite
  readonly #ledger: Ledger

  constructor(suite: Suite, ledger: Ledger) {
    this.#suite = suite
    this.#ledger = ledger
  }

  async send(client: Client, serial: number, conversation: number): Promise<Turn> {
    const { random } = this.#suite
    const ledger = this.#ledger
    const event = newEvent(serial, conversation)
    const isStored = ledger.acknowledged.has(serial)
    const isRepeat = isStored || this.#unsure.has(serial)
    const isInvalid = !isRepeat && random.chance(INVALID_CHANCE)
    ledger.sent += 1
    if (isRepeat) this.repeated += 1
    const status = await (isInvalid ? this.#sendInvalid(client, event) : client.sendEvent(JSON.stringify(event)))
    if (status === 200) {
      ledger.acknowledged.set(serial, event.new_message.id)
      return { isAnswered: true, again: !isStored && random.chance(TWICE_CHANCE) }
    }
    if (status === undefined) ledger.unanswered += 1
    else ledger.refusals.set(status, (ledger.refusals.get(status) ?? 0) + 1)
    if (status !== undefined && status < 500) {
      if (!isRepeat) ledger.refusedSerials.add(serial)
      return { isAnswered: true }
    }
    if (!isInvalid) this.#unsure.add(serial)
    return { isAnswered: status !== undefined, again: !isInvalid && random.chance(REPEAT_CHANCE) }
  }

  /** With a wrong key, without a type, or cut off. */
  #sendInvalid(client: Client, event: ReturnType<typeof newEvent>): Promise<number | undefined> {
    const text = JSON.stringify(event)
    const { type: _, ...untyped } = event
    switch (this.#suite.random.integer(0, 2)) {
      case 0:
        return client.sendEvent(text, 'wrong-key')
      case 1:
        return client.sendEvent(JSON.stringify(untyped))
      default:
        return client.sendEvent(text.slice(0, -1))
    }
  }
}

async function untilQuiet(suite: Suite, receiver: EventReceiver): Promise<void> {
  let calls = -1
  while (calls !== receiver.calls) {
    calls = receiver.calls
    suite.step(`waiting until every event has ended; ${calls} calls`)
    await setTimeout(QUIET_MS)
  }
}

const statesSchema = z.array(z.object({ state: z.string(), events: z.coerce.number() }))

/** How many events are in each state. */
async function readStates(database: Database): Promise<Map<string, number>> {
  const rows = await rowsIn(
    database,
    "select state, count(*) as events from message where wire = 'event' group by state",
  )
  return new Map(statesSchema.parse(rows).map(({ state, events }) => [state, events]))
}

function waitingIn(states: ReadonlyMap<string, number>): number {
  return (states.get('queued') ?? 0) + (states.get('sending') ?? 0)
}

type Found = {
  ledger: Ledger
  receiver: EventReceiver
  sender: EventSender
  kills: number
  states: ReadonlyMap<string, number>
  settledMs: number | undefined
}

function reportEvents({ report }: Suite, { ledger, receiver, sender, kills, states, settledMs }: Found): void {
  const acknowledged = [...ledger.acknowledged.keys()]
  const received = receiver.serials()
  const lost = acknowledged.filter((serial) => ledger.timesAccepted(serial) === 0)
  const duplicates = received.reduce((sum, serial) => sum + Math.max(ledger.timesAccepted(serial) - 1, 0), 0)
  const late = [...receiver.late].filter((serial) => ledger.acknowledged.has(serial))
  reportSent(report, ledger)
  report.figure('sent again', sender.repeated)
  report.figure('acknowledged (200)', acknowledged.length)
  report.figure('received and accepted', ledger.delivered)
  report.figure(
    'received without a 200 to their sender',
    received.filter((serial) => !ledger.acknowledged.has(serial)).length,
  )
  report.figure('received after another of their conversation', receiver.followers)
  report.figure('calls to EVENTS_URL', receiver.calls)
  report.figure('of these failed on purpose', receiver.failed)
  for (const [state, events] of states) report.figure(`stored: ${state}`, events)
  report.none('acknowledged and lost', lost.length)
  report.none('refused with 4xx and yet passed on', ledger.refusedAndDelivered().length)
  report.none('under more than one webhook-id', receiver.underSeveralIds().length)
  report.none('out of order within a conversation', late.length)
  report.none('with a wrong signature or body', receiver.unreadable)
  report.none('waiting in the end', waitingIn(states))
  const given = [...states].filter(([state]) => state !== 'delivered').reduce((sum, [, events]) => sum + events, 0)
  report.none('ended otherwise than delivered', given - waitingIn(states))
  const limit = kills * CONCURRENCY
  report.promise('accepted again after a kill', duplicates, `at most ${limit}`, duplicates <= limit)
  reportSettled(report, settledMs, SETTLED_WITHIN_MS)
}
