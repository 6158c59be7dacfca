import { setTimeout } from 'node:timers/promises'
import { CLICK_V2 } from '../../test/support/marked-values.ts'
import { rawClick, Wire } from './wire.ts'

/** The outcomes of clicks. */
type Clicks = {
  answered: number
  /** Clicks without an answer, and answers without a landing, by status. */
  unanswered: number
  otherwise: Map<number, number>
  /** How long the slowest answer took, in milliseconds. */
  slowestMs: number
  stop: () => Promise<void>
}

const CONNECTIONS = 8
const PAUSE_MS = 40

/** Sends clicks one after the other on a few connections, until it is stopped. */
export function startClicks(port: number): Clicks {
  const request = rawClick(JSON.stringify(CLICK_V2), { 'api-version': '2' })
  const state = { stopped: false }
  const clicks: Clicks = {
    answered: 0,
    unanswered: 0,
    otherwise: new Map(),
    slowestMs: 0,
    stop: () => Promise.resolve(),
  }
  const click = async () => {
    let wire: Wire | undefined
    while (!state.stopped) {
      if (!wire?.isUsable) {
        wire?.close()
        wire = await Wire.open(port).catch(() => undefined)
      }
      const begun = performance.now()
      const answer = await wire?.ask(request)
      clicks.slowestMs = Math.max(clicks.slowestMs, performance.now() - begun)
      if (answer === undefined) clicks.unanswered += 1
      else if (answer.status === 200) clicks.answered += 1
      else clicks.otherwise.set(answer.status, (clicks.otherwise.get(answer.status) ?? 0) + 1)
      await setTimeout(PAUSE_MS)
    }
    wire?.close()
  }
  const done = Promise.all(Array.from({ length: CONNECTIONS }, click))
  clicks.stop = async () => {
    state.stopped = true
    await done
  }
  return clicks
}
