import { setTimeout } from 'node:timers/promises'
import { Wire, type Answer } from './wire.ts'

type Pace = {
  port: number
  perSecond: number
  request: Buffer
  isOver: () => boolean
  onAnswer: (answer: Answer | undefined, ms: number) => void
}

/** Asks at an even pace, whether or not answers come, on as many kept connections as that takes. */
export async function askAtPace({ port, perSecond, request, isOver, onAnswer }: Pace): Promise<void> {
  const free: Wire[] = []
  const running = new Set<Promise<void>>()
  const one = async () => {
    const sentAt = performance.now()
    let wire = free.pop()
    if (!wire?.isUsable) wire = await Wire.open(port)
    onAnswer(await wire.ask(request), performance.now() - sentAt)
    if (wire.isUsable) free.push(wire)
  }
  const begun = performance.now()
  for (let sent = 0; !isOver(); sent += 1) {
    const wait = begun + (sent * 1000) / perSecond - performance.now()
    if (wait > 0) await setTimeout(wait)
    const asked = one()
    running.add(asked)
    void asked.finally(() => running.delete(asked))
  }
  await Promise.all(running)
  for (const wire of free) wire.close()
}
