import { randomUUID } from 'node:crypto'
import type { Settings, ShownMessage, Snapshot, TimelineEntry } from './shown.ts'
import { ArmedFaults } from './faults.ts'
import type { World } from './world.ts'

const MAX_MESSAGES = 500
const MAX_ENTRIES = 500

/** What changed, for whoever watches; the names are those of the page's event stream. */
export type Change =
  | { event: 'message'; data: ShownMessage }
  | { event: 'entry'; data: TimelineEntry }
  | { event: 'settings'; data: Settings }
  | { event: 'faults'; data: Snapshot['faults'] }
  | { event: 'snapshot'; data: Snapshot }

/** Everything that is remembered of the one conversation: its messages, what happened on the wire, how it is set. Bounded. */
export class Conversation {
  readonly world: World
  readonly faults = new ArmedFaults(() => {
    this.#tell({ event: 'faults', data: this.faults.list() })
  })
  readonly #settings: Omit<Settings, 'blockedBy'>
  readonly #messages: ShownMessage[] = []
  readonly #timeline: TimelineEntry[] = []
  readonly #watchers = new Set<(change: Change) => void>()
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
    this.#tell({ event: 'settings', data: this.settings })
  }

  say(message: Omit<ShownMessage, 'id' | 'at'>): ShownMessage {
    const said = { id: randomUUID(), at: new Date().toISOString(), ...message }
    this.#messages.push(said)
    if (this.#messages.length > MAX_MESSAGES) this.#messages.shift()
    this.#tell({ event: 'message', data: said })
    return said
  }

  findMessage(id: string): ShownMessage | undefined {
    return this.#messages.find((message) => message.id === id)
  }

  /** Notes what happened on the wire. */
  note(entry: Omit<TimelineEntry, 'id' | 'at'>): TimelineEntry {
    const noted = { id: ++this.#lastEntry, at: new Date().toISOString(), ...entry }
    this.#timeline.push(noted)
    if (this.#timeline.length > MAX_ENTRIES) this.#timeline.shift()
    this.#tell({ event: 'entry', data: noted })
    return noted
  }

  /** Back to an empty chat; ids go on. */
  reset(): void {
    this.#messages.length = 0
    this.#timeline.length = 0
    this.world.blockedBy = null
    this.faults.clear()
    this.#tell({ event: 'snapshot', data: this.snapshot() })
  }

  snapshot(): Snapshot {
    const { post, people, conversationId, appTitle } = this.world
    return {
      post,
      people,
      conversationId,
      appTitle,
      settings: this.settings,
      messages: [...this.#messages],
      timeline: [...this.#timeline],
      faults: this.faults.list(),
    }
  }

  #tell(change: Change): void {
    for (const watcher of this.#watchers) watcher(change)
  }
}
