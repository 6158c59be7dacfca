import { startSimulator, type Misbehaviour, type Received } from '../../src/simulator/simulator.ts'
import { KEYS } from './environment.ts'
import type { Ledger } from './ledger.ts'
import type { Suite } from './suite.ts'

/** What the platform does with a message; without an answer it accepts at once. */
type Decide = (serial: number) => Misbehaviour | undefined

/** Takes the message, and says so later. */
export function acceptAfter(delayMs: number): Misbehaviour {
  return { kind: 'answer', status: 200, body: '{"status":200,"message":"success"}', delayMs }
}

/** The simulator, with a ledger of what reached it. */
export async function startPlatform(suite: Suite, ledger: Ledger, decide: Decide = () => undefined): Promise<string> {
  const simulator = await startSimulator({
    apiKey: KEYS.platform,
    decide: (received) => {
      const serial = serialOf(received)
      const next = decide(serial)
      ledger.arrived(serial, next?.kind === 'answer' ? next.delayMs : 0)
      return next
    },
    onSend: (received, status) => {
      if (status === 200) ledger.accepted(serialOf(received), received.path)
    },
  })
  suite.atEnd(() => simulator.close())
  return simulator.url
}

export function textOf(serial: number): string {
  return `#${serial} ${'کارشناسی برای فردا ساعت ۱۰ ثبت شد. '.repeat(4)}`
}

export function serialOf({ body }: Received): number {
  const serial = /"#(\d+) /.exec(body)?.[1]
  if (serial === undefined) throw new Error('a message without a serial number arrived')
  return Number(serial)
}
