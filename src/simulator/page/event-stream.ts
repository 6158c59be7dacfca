import type { ArmedFault, Forgotten, Settings, ShownMessage, Snapshot, TimelineEntry } from '../shown.ts'
import { believe } from '../../ui/believe.ts'

/** What the simulator tells, by the names of its event stream. */
type Events = {
  snapshot: Snapshot
  message: ShownMessage
  entry: TimelineEntry
  settings: Settings
  faults: ArmedFault[]
  forgotten: Forgotten
}
type Listeners = { [Name in keyof Events]: (data: Events[Name]) => void }

/** `lost`: the browser connects again by itself. `full`: the simulator has no place for one more page, so this one asks later. */
export type Connection = 'open' | 'lost' | 'full'

const FIRST_WAIT_MS = 1000
const LONGEST_WAIT_MS = 30_000

/** Listens to the simulator for as long as the page is open. Each connection begins with a snapshot, so nothing is missed. */
export function listen(listeners: Listeners, tell: (connection: Connection) => void): void {
  let wait = FIRST_WAIT_MS
  const connect = () => {
    const stream = new EventSource('/simulator/events')
    const on = <Name extends keyof Events>(name: Name, act: (data: Events[Name]) => void) => {
      stream.addEventListener(name, ({ data }: MessageEvent<string>) => {
        act(believe<Events[Name]>(data))
      })
    }
    on('snapshot', listeners.snapshot)
    on('message', listeners.message)
    on('entry', listeners.entry)
    on('settings', listeners.settings)
    on('faults', listeners.faults)
    on('forgotten', listeners.forgotten)
    stream.addEventListener('open', () => {
      wait = FIRST_WAIT_MS
      tell('open')
    })
    stream.addEventListener('error', () => {
      // After an answer that is no stream, which is the simulator's 503, a browser never asks again.
      if (stream.readyState !== EventSource.CLOSED) {
        tell('lost')
        return
      }
      tell('full')
      setTimeout(connect, wait * (0.75 + Math.random() / 2))
      wait = Math.min(wait * 2, LONGEST_WAIT_MS)
    })
  }
  connect()
}
