import { randomUUID } from 'node:crypto'
import type { Forgotten, Settings, ShownMessage, Snapshot, TimelineEntry } from './shown.ts'
import { ArmedFaults } from './faults.ts'
import { Journeys } from './journeys.ts'
import { MAX_COUNT, type SavedSession } from './saved-session.ts'
import type { World } from './world.ts'

/** Of the JSON of all messages, and of all entries. The newest item is always kept. */
const MAX_BYTES = 1536 * 1024

/** A change, with its name in the event stream. */
type Change =
  | { event: 'message'; data: ShownMessage }
  | { event: 'entry'; data: TimelineEntry }
  | { event: 'settings'; data: Settings }
  | { event: 'faults'; data: Snapshot['faults'] }
  | { event: 'forgotten'; data: Forgotten }
  | { event: 'snapshot'; data: Snapshot }

/** The state of the one conversation: messages, timeline and settings, in bounded memory. */
export class Conversation {
  readonly world: World
  readonly faults = new ArmedFaults(() => {
    this.#notify({ event: 'faults', data: this.faults.list() })
  })
  readonly #settings: Omit<Settings, 'blockedBy'>
  readonly #run = randomUUID()
  readonly #messages = new NewestItems<ShownMessage>()
  readonly #timeline = new NewestItems<TimelineEntry>()
  readonly #watchers = new Set<(change: Change) => void>()
  #journeys = new Journeys()
  #lastEntry = 0

  constructor(world: World, settings: Omit<Settings, 'blockedBy'>) {
    this.world = world
    this.#settings = { ...settings }
  }

  get settings(): Settings {
    return { ...this.#settings, blockedBy: this.world.blockedBy }
  }

  /** Calls back with each change until the returned function is called. */
  watch(watcher: (change: Change) => void): () => void {
    this.#watchers.add(watcher)
    return () => {
      this.#watchers.delete(watcher)
    }
  }

  change({ blockedBy, ...settings }: Partial<Settings>): void {
    Object.assign(this.#settings, settings)
    if (blockedBy !== undefined) this.world.blockedBy = blockedBy
    this.#notify({ event: 'settings', data: this.settings })
  }

  say(message: Omit<ShownMessage, 'id' | 'at'>): ShownMessage {
    const said = { id: randomUUID(), at: new Date().toISOString(), ...message }
    const gone = this.#messages.add(said)
    this.#notify({ event: 'message', data: said })
    this.#forget({ messages: gone.map(({ id }) => id), entries: [] })
    return said
  }

  findMessage(id: string): ShownMessage | undefined {
    return this.#messages.list().find((message) => message.id === id)
  }

  /** A new journey of the timeline, for a click that is about to be made. */
  beginJourney(): number {
    return this.#journeys.begin(Date.now())
  }

  /** Adds an entry to the timeline; without `journey`, to the one that it belongs to by what it says. */
  note({
    journey: known,
    ...entry
  }: Omit<TimelineEntry, 'id' | 'at' | 'journey'> & { journey?: number }): TimelineEntry {
    const journey = this.#journeys.place(entry, Date.now(), known)
    const noted = { id: ++this.#lastEntry, at: new Date().toISOString(), ...entry, journey }
    const gone = this.#timeline.add(noted)
    this.#notify({ event: 'entry', data: noted })
    this.#forget({ messages: [], entries: gone.map(({ id }) => id) })
    return noted
  }

  findEntry(id: number): TimelineEntry | undefined {
    return this.#timeline.list().find((entry) => entry.id === id)
  }

  /** Empties the timeline alone. */
  clearTimeline(): void {
    const entries = this.#timeline.list().map(({ id }) => id)
    this.#timeline.clear()
    this.#forget({ messages: [], entries })
  }

  /** Shows a saved session in place of this one. Its entries get new ids, so that none is taken for a former one. */
  load({ settings, messages, timeline }: SavedSession): void {
    this.reset()
    this.#settings.wire = settings.wire
    this.#settings.supplierKey = settings.supplierKey
    this.world.blockedBy = settings.blockedBy
    for (const message of messages) this.#messages.add(message)
    const journeys = new Map<number, number>()
    for (const { repeats: _, ...entry } of timeline) {
      const journey = journeys.get(entry.journey) ?? this.#journeys.next()
      journeys.set(entry.journey, journey)
      this.#timeline.add({ ...entry, journey, id: ++this.#lastEntry })
    }
    this.#notify({ event: 'snapshot', data: this.snapshot() })
  }

  /** Empties the chat; the ids of entries continue. */
  reset(): void {
    this.#messages.clear()
    this.#timeline.clear()
    this.world.blockedBy = null
    this.faults.clear()
    this.#notify({ event: 'snapshot', data: this.snapshot() })
  }

  snapshot(): Snapshot {
    const { post, people, conversationId, appTitle } = this.world
    return {
      run: this.#run,
      post,
      people,
      conversationId,
      appTitle,
      settings: this.settings,
      messages: this.#messages.list(),
      timeline: this.#timeline.list(),
      faults: this.faults.list(),
    }
  }

  #forget(forgotten: Forgotten): void {
    if (forgotten.messages.length + forgotten.entries.length > 0) this.#notify({ event: 'forgotten', data: forgotten })
  }

  #notify(change: Change): void {
    for (const watcher of this.#watchers) watcher(change)
  }
}

/** The newest items, bounded by count and bytes. */
class NewestItems<Item> {
  #items: { item: Item; bytes: number }[] = []
  #bytes = 0

  list(): Item[] {
    return this.#items.map(({ item }) => item)
  }

  /** Adds an item, and returns the old ones that it displaced. */
  add(item: Item): Item[] {
    const bytes = Buffer.byteLength(JSON.stringify(item))
    this.#items.push({ item, bytes })
    this.#bytes += bytes
    let gone = 0
    while (this.#items.length - gone > 1 && (this.#items.length - gone > MAX_COUNT || this.#bytes > MAX_BYTES)) {
      this.#bytes -= this.#items[gone]?.bytes ?? 0
      gone += 1
    }
    return this.#items.splice(0, gone).map(({ item: old }) => old)
  }

  clear(): void {
    this.#items = []
    this.#bytes = 0
  }
}
